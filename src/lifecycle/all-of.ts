/**
 * Waits for all of the works, also when one fails: nothing goes on behind the back of whoever
 * starts them again. For works that need nothing of each other and so share their round trips.
 *
 * @throws what the first of the failed ones threw.
 */
export async function allOf<const Works extends readonly unknown[]>(
  works: Works,
): Promise<{ -readonly [I in keyof Works]: Awaited<Works[I]> }> {
  await Promise.allSettled(works);
  return await Promise.all(works);
}

/**
 * Waits for all of the works, also when one fails: nothing goes on behind the back of whoever
 * starts them again. What does not depend on each other shares its round trips.
 *
 * @throws what the first of the failed ones threw.
 */
export async function together<const Works extends readonly Promise<unknown>[]>(
  works: Works,
): Promise<{ -readonly [I in keyof Works]: Awaited<Works[I]> }> {
  await Promise.allSettled(works);
  return await Promise.all(works);
}

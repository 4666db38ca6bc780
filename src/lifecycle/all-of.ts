/** As Promise.all, but rejects only when all have settled: nothing goes on behind the caller's back. */
export async function allOf<T extends readonly unknown[]>(
  work: T,
): Promise<{ -readonly [P in keyof T]: Awaited<T[P]> }> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}

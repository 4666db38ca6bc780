/** The grid cannot start, and the message says what to do about it: it is shown without a stack. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** The reason in words of an error of any kind. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

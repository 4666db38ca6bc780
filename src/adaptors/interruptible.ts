/**
 * The same chunks, but the wait for the next one ends when a signal aborts, with its reason,
 * however long the source would sleep. The source is told to stop in any case.
 */
export async function* interruptible(
  chunks: AsyncIterable<Uint8Array>,
  signals: readonly AbortSignal[],
): AsyncGenerator<Uint8Array, void> {
  const source = chunks[Symbol.asyncIterator]();
  let done = false;
  try {
    for (;;) {
      const step = await nextUnlessAborted(source, signals);
      done = step.done === true;
      if (step.done) return;
      yield step.value;
    }
  } finally {
    // Not awaited: a generator that sleeps hears of it only when it wakes up. Its complaints are
    // no longer of interest, since the first error is on its way to the caller.
    if (!done) Promise.try(() => source.return?.()).catch(() => {});
  }
}

/** Listeners live for one step, so that a long stream does not pile them up on a signal. */
function nextUnlessAborted<T>(
  source: AsyncIterator<T, unknown>,
  signals: readonly AbortSignal[],
): Promise<IteratorResult<T, unknown>> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signals.find(({ aborted }) => aborted)?.reason);
    };
    if (signals.some(({ aborted }) => aborted)) return abort();
    const step = source.next();
    for (const signal of signals) signal.addEventListener("abort", abort);
    step.then(resolve, reject).finally(() => {
      for (const signal of signals) signal.removeEventListener("abort", abort);
    });
  });
}

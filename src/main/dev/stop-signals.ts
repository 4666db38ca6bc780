/**
 * A Ctrl-C under npm arrives twice, from the terminal and from npm: what comes within this time is
 * the same wish.
 */
export const SAME_WISH_MS = 500;
const LOOK_MS = 500;

export interface StopSignals extends Disposable {
  /** Aborts at the first signal. */
  readonly drain: AbortSignal;
  /** Aborts at the second: whoever waits has had enough. */
  readonly kill: AbortSignal;
}

/**
 * Listens to SIGINT, SIGTERM and SIGHUP.
 *
 * @param parentMatters the end of the parent process is a signal too. npm's `sh` does not pass
 *   signals on.
 */
export function listenToStopSignals(parentMatters: boolean): StopSignals {
  const drain = new AbortController();
  const kill = new AbortController();
  const parent = process.ppid;
  let first: number | undefined;
  const heard = (): void => {
    first ??= performance.now();
    if (drain.signal.aborted && performance.now() - first > SAME_WISH_MS) kill.abort();
    drain.abort();
  };
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of names) process.on(name, heard);
  const look = () => {
    if (process.ppid !== parent) drain.abort();
  };
  const timer = parentMatters ? setInterval(look, LOOK_MS).unref() : undefined;
  return {
    drain: drain.signal,
    kill: kill.signal,
    [Symbol.dispose]() {
      clearInterval(timer);
      for (const name of names) process.off(name, heard);
    },
  };
}

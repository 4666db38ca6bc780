/** Node's timers take no more, and fire at once when asked to. */
export const LONGEST_TIMER_MS = 2_147_483_647;

/** Calls back after `ms`, however long that is; answers how to call it off. */
export function startTimer(ms: number, act: () => void): () => void {
  let restMs = ms;
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    const stepMs = Math.min(restMs, LONGEST_TIMER_MS);
    restMs -= stepMs;
    timer = setTimeout(restMs > 0 ? next : act, stepMs);
  };
  next();
  return () => clearTimeout(timer);
}

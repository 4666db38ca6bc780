/** For how long the agent has been waiting for work with a ready worker; its heartbeat says so. */
export interface IdleTime {
  /** It waits; said again, it has been waiting all the time. */
  start(): void;
  end(): void;
  /** By the monotonic clock; 0 = it has work, wants none, or its worker is not ready. */
  readonly ms: number;
}

export function createIdleTime(): IdleTime {
  let since: number | undefined;
  return {
    start() {
      since ??= performance.now();
    },
    end() {
      since = undefined;
    },
    get ms() {
      return since === undefined ? 0 : Math.floor(performance.now() - since);
    },
  };
}

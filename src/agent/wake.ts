/** Lets one loop wait until something has changed, whatever it was. */
export interface Wake {
  ring(): void;
  /** Resolves at the next ring. */
  next(): Promise<void>;
}

export function createWake(): Wake {
  let waiting: PromiseWithResolvers<void> | undefined;
  return {
    ring() {
      waiting?.resolve();
      waiting = undefined;
    },
    next() {
      waiting ??= Promise.withResolvers<void>();
      return waiting.promise;
    },
  };
}

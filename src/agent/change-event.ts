/** Lets one loop wait until something has changed, whatever it was. */
export interface ChangeEvent {
  notify(): void;
  /** Resolves at the next notify. */
  next(): Promise<void>;
}

export function createChangeEvent(): ChangeEvent {
  let waiting: PromiseWithResolvers<void> | undefined;
  return {
    notify() {
      waiting?.resolve();
      waiting = undefined;
    },
    next() {
      waiting ??= Promise.withResolvers<void>();
      return waiting.promise;
    },
  };
}

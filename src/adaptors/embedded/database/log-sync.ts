// Makes what was written to a file survive the loss of power, off the event loop.
import { closeSync, fdatasync, openSync } from "node:fs";
import { promisify } from "node:util";

const sync = promisify(fdatasync);

export interface LogSync extends AsyncDisposable {
  /** Resolves when all that was written before this call is on disk; calls share the disk's work. */
  onDisk(): Promise<void>;
}

export function openLogSync(file: string): LogSync {
  const fd = openSync(file, "r");
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  const start = (): Promise<void> => {
    next = undefined;
    running = sync(fd);
    return running;
  };

  return {
    onDisk() {
      // One that is under way may have begun before the last write: it takes another.
      next ??= running.then(start, start);
      return next;
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled([running, next]);
      closeSync(fd);
    },
  };
}

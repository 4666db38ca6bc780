// A notifier between processes: a file that writers touch and the kernel reports to listeners.
// No sockets to clean up after a crash, nothing to connect, and unread notices coalesce by
// themselves. A notify may get lost (network file systems do not report them at all, a full disk
// takes none, the kernel has no watch to spare): every listener also looks by itself now and then.
import { closeSync, constants, mkdirSync, openSync, watch, writeSync } from "node:fs";
import { join } from "node:path";

export interface Notifier extends Disposable {
  notify(): void;
  /** Calls back after notices of any process, at most once in `quietMs`; answers how to stop. */
  listen(listener: () => void): () => void;
}

/** How long a listener is spared after a notify, so that a storm of writes costs it little. */
const QUIET_MS = 3;

export function openNotifier(folder: string, name: string): Notifier {
  const notifiers = join(folder, "notifiers");
  mkdirSync(notifiers, { recursive: true });
  const file = join(notifiers, encodeURIComponent(name));
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o666);
  const listeners = new Set<() => void>();
  let watcher: ReturnType<typeof watch> | undefined;
  let pending: NodeJS.Timeout | undefined;
  let last = 0;

  const tell = (): void => {
    pending = undefined;
    last = performance.now();
    for (const listener of listeners) listener();
  };
  /** Notices of one turn of the event loop are two: the first at once, one for all that follow. */
  let touched = false;
  let again = false;
  let disposed = false;
  const touch = (): void => {
    if (disposed) return;
    try {
      writeSync(fd, "!", 0);
    } catch {
      // The disk is full or failing: a lost notify, where what was to be told has been written.
    }
  };
  /** Undefined when the kernel has none to spare (ENOSPC, EMFILE). */
  const startWatching = () => {
    try {
      return watch(file, { persistent: false }, onTouch).on("error", () => {});
    } catch {
      return undefined;
    }
  };
  const settle = (): void => {
    touched = false;
    if (again) touch();
    again = false;
  };

  const onTouch = (): void => {
    if (pending) return;
    const wait = QUIET_MS - (performance.now() - last);
    if (wait <= 0) tell();
    else pending = setTimeout(tell, wait);
  };

  return {
    notify() {
      if (touched) {
        again = true;
        return;
      }
      touched = true;
      touch();
      setImmediate(settle);
    },
    listen(listener) {
      listeners.add(listener);
      watcher ??= startWatching();
      return () => {
        listeners.delete(listener);
      };
    },
    [Symbol.dispose]() {
      if (disposed) return;
      disposed = true;
      clearTimeout(pending);
      watcher?.close();
      listeners.clear();
      closeSync(fd);
    },
  };
}

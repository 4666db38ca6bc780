// What a full disk looks like to this process: no file of it may grow beyond a limit.
import { execFileSync } from "node:child_process";

const limit = (bytes: string): void => {
  execFileSync("prlimit", [`--pid=${process.pid}`, `--fsize=${bytes}:`]);
};

/** Until disposal, writes beyond so many bytes of a file fail. */
export function limitFileSize(bytes: number): Disposable {
  limit(String(bytes));
  return { [Symbol.dispose]: () => limit("unlimited") };
}

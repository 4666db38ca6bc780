// Names a process so that others on its machine can tell, without its help, that it has died.
//
//   PM1. The machine's boot and its namespace of processes are part of the name: elsewhere the same
//       number means another process, or none, and nothing can be said.
//   PM2. A number that was given anew makes a dead process look alive, never the reverse.
import { readFileSync, readlinkSync } from "node:fs";

/** The machine, as far as process numbers mean the same there; undefined where it cannot be told. */
export function placeOfProcess(): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot}/${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return undefined;
  }
}

/** The calling process. */
export function markOfProcess(): string | undefined {
  const place = placeOfProcess();
  return place && `${place}/${process.pid}`;
}

/** True only if the process lived in this place, which is the caller's, and lives no more. */
export function isGone(mark: string, place: string | undefined): boolean {
  if (!place || !mark.startsWith(`${place}/`)) return false;
  const pid = Number(mark.slice(place.length + 1));
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

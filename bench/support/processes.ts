// What the grid's processes use, read from /proc (Linux only).
import { readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

/** CPU seconds of a process so far, children not included; 0 when it is gone. */
export function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}

/** Resident MiB of a process; 0 when it is gone. */
export function residentMiB(pid: number): number {
  try {
    const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(line?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}

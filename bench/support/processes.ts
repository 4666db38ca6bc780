// What the grid's processes use, read from /proc (Linux only).
//
// `grid dev` starts each child in a process group of its own: a worker's command runs in a shell,
// and what counts is the shell with what it started.
import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

/** Fields of /proc/<pid>/stat from the third on; undefined when the process is gone. */
const stat = (pid: string): string[] | undefined => {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    return line.slice(line.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
};

/** Processes of these groups that are alive. */
const members = (groups: ReadonlySet<number>): { pid: string; fields: string[] }[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const fields = stat(pid);
      return fields && groups.has(Number(fields[2])) ? [{ pid, fields }] : [];
    });

/** CPU seconds so far of all processes of the groups. */
export const cpuSeconds = (groups: readonly number[]): number =>
  members(new Set(groups)).reduce(
    (sum, { fields }) => sum + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    0,
  );

/** Resident MiB of all processes of the groups. */
export const residentMiB = (groups: readonly number[]): number =>
  members(new Set(groups)).reduce((sum, { pid }) => sum + residentOf(pid), 0);

/** Resident MiB of one process; 0 when it is gone. */
export const residentOf = (pid: number | string): number => {
  try {
    const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(line?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
};

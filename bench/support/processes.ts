// What programs use, with all that they have started: read from /proc (Linux only).
import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Of itself and of its children that have ended. */
  readonly ticks: number;
}

/** Fields of /proc/<pid>/stat from the third on; undefined when the process is gone. */
function stat(pid: number): string[] | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    return line.slice(line.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function toProcess(pid: number): Process[] {
  const fields = stat(pid);
  if (!fields) return [];
  // utime, stime, cutime, cstime.
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return [{ pid, parent: Number(fields[1]), ticks }];
}

/** The processes with these ids and all that descend from them, of those alive. */
function familiesOf(pids: readonly number[]): Process[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => toProcess(Number(name)));
  const members = new Set<Process>(all.filter(({ pid }) => pids.includes(pid)));
  // A Set's iteration reaches what is added during it.
  for (const { pid } of members) {
    for (const process of all) if (process.parent === pid) members.add(process);
  }
  return [...members];
}

/** Process ids of a program and of all that it has started. */
export const descendantsOf = (pid: number): number[] =>
  familiesOf([pid]).map((process) => process.pid);

/** CPU seconds so far of these programs with all that they have started. */
export const cpuSeconds = (pids: readonly number[]): number =>
  familiesOf(pids).reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND;

/** Not a zombie either, whose parent may take its time. */
export const isAlive = (pid: number): boolean => {
  const state = stat(pid)?.[0];
  return state !== undefined && state !== "Z";
};

export interface Memory {
  /** Proportional set size: what is shared counts in equal parts for all who share it. */
  readonly pssMiB: number;
  /** Resident set size. */
  readonly rssMiB: number;
}

/** Of exactly these processes. */
export function memoryOf(pids: readonly number[]): Memory {
  let pssKiB = 0;
  let rssKiB = 0;
  for (const pid of pids) {
    const text = readRollup(pid);
    pssKiB += Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
    rssKiB += Number(/^Rss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
  }
  return { pssMiB: pssKiB / 1_024, rssMiB: rssKiB / 1_024 };
}

function readRollup(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  } catch {
    return ""; // Gone by now: it uses nothing.
  }
}

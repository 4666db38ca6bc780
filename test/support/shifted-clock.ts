/** Processes whose wall clock is wrong, by Debian's faketime; monotonic clocks stay as they are. */
import { spawnSync } from "node:child_process";
import { readMachine } from "../../src/config/machine.ts";

type Variables = Readonly<Record<string, string>>;

const MONOTONIC = { FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1" };

/** Answers what to add to a process's environment; undefined where there is no faketime. */
export function findShiftedClock(): ((shiftMs: number) => Variables) | undefined {
  const { status, stdout } = spawnSync("faketime", ["-m", "-f", "+1s", "printenv", "LD_PRELOAD"], {
    encoding: "utf8",
  });
  if (status === 0)
    return (shiftMs) => ({
      ...MONOTONIC,
      LD_PRELOAD: stdout.trim(),
      FAKETIME: `${shiftMs < 0 ? "-" : "+"}${Math.abs(shiftMs) / 1_000}s`,
    });
  const reason = "faketime is not installed (Debian: apt-get install faketime)";
  if (readMachine().env["CI"]) throw new Error(reason);
  process.stderr.write(`Left out: ${reason}\n`);
  return undefined;
}

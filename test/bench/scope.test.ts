import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { isAlive } from "../../bench/support/processes.ts";

const PROGRAM = join(import.meta.dirname, "scope-program.ts");

const benches: ChildProcess[] = [];
afterEach(() => {
  for (const bench of benches.splice(0)) bench.kill("SIGTERM"); // If its test has failed.
});

async function startBench(what: "wait" | "fail" | "succeed" | "end") {
  const bench = spawn(process.execPath, [PROGRAM, what], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  benches.push(bench);
  const exit = once(bench, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  const [line] = (await once(bench.stdout, "data")) as [Buffer];
  const [program, child, folder = ""] = line.toString().trim().split(" ");
  return { bench, exit, pids: [Number(program), Number(child)], folder };
}

const send = ({ pid = 0 }: ChildProcess, signal: NodeJS.Signals) => process.kill(pid, signal);

describe("what a bench has started is gone", () => {
  test.each([
    ["succeed", 0],
    ["fail", 1],
  ] as const)("when it has ended, by %s, with its folders", async (what, expected) => {
    const { exit, pids, folder } = await startBench(what);
    expect((await exit)[0]).toBe(expected);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "when it has ended after %s",
    async (name) => {
      const { bench, exit, pids, folder } = await startBench("wait");
      expect(pids.filter(isAlive)).toEqual(pids);
      send(bench, name);
      expect((await exit)[0]).toBe(1);
      expect(pids.filter(isAlive)).toEqual([]);
      expect(existsSync(folder)).toBe(false);
    },
  );

  test("when it was ended before the others", async () => {
    const { bench, exit, pids } = await startBench("end");
    await once(bench.stdout, "data");
    expect(pids.filter(isAlive)).toEqual([]);
    send(bench, "SIGTERM");
    await exit;
  });

  test("soon after somebody has killed it", async () => {
    const { bench, exit, pids, folder } = await startBench("wait");
    send(bench, "SIGKILL");
    await exit;
    await expect.poll(() => pids.filter(isAlive)).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

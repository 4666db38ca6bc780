import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import { cpuSeconds, descendantsOf, memoryOf } from "../../bench/support/processes.ts";

const BURN = "while (process.cpuUsage().user < 400_000);";
const started: number[] = [];
afterEach(() => {
  for (const pid of started.splice(0)) process.kill(-pid, "SIGKILL");
});

/** A shell that does so and then waits, when it has said that it is done. */
async function shell(script: string): Promise<number> {
  const child = spawn(
    "/bin/sh",
    ["-c", `${script}\necho done\nsleep 1000 & wait`, process.execPath],
    {
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    },
  );
  const { pid = 0 } = child;
  started.push(pid);
  await once(child.stdout, "data");
  return pid;
}

test("CPU counts what a program's child has used, after its end as well", async () => {
  const idle = cpuSeconds([await shell("true")]);
  const busy = cpuSeconds([await shell(`"$0" -e '${BURN}'`)]);
  expect(idle).toBeLessThan(0.1);
  expect(busy).toBeGreaterThan(0.3);
});

test("a family has those that were started by those that were started", async () => {
  const pid = await shell("sh -c 'sleep 1000; true' &");
  await expect.poll(() => descendantsOf(pid)).toHaveLength(4);
});

test("a page that several share counts once for all of them together", () => {
  const { pssMiB, rssMiB } = memoryOf([process.pid]);
  expect(pssMiB).toBeGreaterThan(10);
  expect(rssMiB).toBeGreaterThan(pssMiB);
  expect(memoryOf([])).toEqual({ pssMiB: 0, rssMiB: 0 });
});

import { expect, onTestFinished, test, vi } from "vitest";
import { type Check, type HealthOptions, openHealth } from "../../src/telemetry/health.ts";
import { createLogger } from "../../src/telemetry/logger.ts";

const well: Check = async () => {};
const log = createLogger({ level: "silent", role: "test" });

function open(checks: Record<string, Check>, options: Partial<HealthOptions> = {}) {
  const health = openHealth({ checks, log, periodMs: 60_000, ...options });
  onTestFinished(() => health[Symbol.dispose]());
  return health;
}

test("is ready when every check passes", async () => {
  const health = open({ database: well, queue: well });

  expect(await health.readiness()).toEqual({
    ready: true,
    outcomes: [{ name: "database" }, { name: "queue" }],
  });
});

test("names what fails, however it fails", async () => {
  const health = open(
    {
      rejects: async () => {
        throw new Error("connect ECONNREFUSED");
      },
      throws: () => {
        throw new Error("closed");
      },
      hangs: () => new Promise(() => {}),
      passes: well,
    },
    { timeoutMs: 5 },
  );

  expect(await health.readiness()).toEqual({
    ready: false,
    outcomes: [
      { name: "rejects", failure: "connect ECONNREFUSED" },
      { name: "throws", failure: "closed" },
      { name: "hangs", failure: "no answer in 5 ms" },
      { name: "passes" },
    ],
  });
});

test("runs each check once, however many ask at once", async () => {
  let runs = 0;
  const health = open({
    database: async () => {
      runs += 1;
    },
  });

  await Promise.all(Array.from({ length: 100 }, () => health.readiness()));

  expect(runs).toBe(1);
});

test("looks by itself, and tells each change once", async () => {
  let away = false;
  const told: boolean[] = [];
  const health = open(
    {
      database: async () => {
        if (away) throw new Error("away");
      },
    },
    { periodMs: 1 },
  );

  health.onChange((ready) => told.push(ready));
  await vi.waitFor(() => expect(told).toEqual([false, true]));
  away = true;
  await vi.waitFor(() => expect(told).toEqual([false, true, false]));
  away = false;
  await vi.waitFor(() => expect(told).toEqual([false, true, false, true]));
});

test("has started once it was ready, even if it is not any more", async () => {
  let away = true;
  const health = open({
    database: async () => {
      if (away) throw new Error("away");
    },
  });

  await health.readiness();
  expect(health.started).toBe(false);
  away = false;
  await health.readiness();
  expect(health.started).toBe(true);
  away = true;
  await health.readiness();
  expect(health.started).toBe(true);
});

test("a draining process is not ready, whatever its checks say", async () => {
  const health = open({ database: well });
  await health.readiness();

  health.drain();

  expect(await health.readiness()).toMatchObject({ ready: false });
});

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { batchId, sessionId } from "../../src/domain/ids.ts";
import { SessionStatus } from "../../src/domain/status.ts";
import { cancelTasks } from "../../src/lifecycle/cancel.ts";
import { isPatient } from "../../src/orchestrator/supervision/linger.ts";
import {
  createWatch,
  type Report,
  type WatchDependencies,
} from "../../src/orchestrator/supervision/watch.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { submit, times } from "../support/orchestration.ts";
import { openStandInAgent } from "../support/stand-in-agent.ts";
import { openStores, type TestStores } from "../support/stores.ts";

const PATIENCE = { timeout: 60_000, interval: 20 };
const log = createLogger({ level: "silent", role: "test" });

let stores: TestStores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

const openWatch = (tables: WatchDependencies["tables"] = stores.tables) =>
  createWatch({ tables, log }, { pollMs: 100, heartbeatMs: 20 });
const never = new AbortController().signal;

describe("a watch", () => {
  it("ends when the last task of its batch is final", async () => {
    await using _agent = await openStandInAgent(stores);
    await using watch = openWatch();
    const sessionId = await stores.newSession();
    await submit(stores, sessionId, [{}]);
    const { info } = await watch.follow({ sessionId, batch: 1 }, () => {}, never);
    expect(info?.progress).toEqual({ open: 0, pending: 0, completed: 1, failed: 0 });
  });

  it("ends at once for a batch that does not exist", async () => {
    await using watch = openWatch();
    const sessionId = await stores.newSession();
    expect(await watch.follow({ sessionId, batch: 7 }, () => {}, never)).toEqual({
      info: undefined,
      parked: false,
    });
  });

  it("outlives an outage of the store: it goes on heartbeating, and says so", async () => {
    const { agents, batches, feed, sessions } = stores.tables;
    let away = false;
    const get: typeof batches.get = async (keys) => {
      if (away) throw new Error("no route to the store");
      return await batches.get(keys);
    };
    await using watch = openWatch({ agents, batches: { ...batches, get }, feed, sessions });
    const sessionId = await stores.newSession();
    await submit(stores, sessionId, [{}]);
    const reports: Report[] = [];
    const key = { sessionId, batch: 1 };
    const settled = watch.follow(key, (report) => reports.push(report), never);
    await vi.waitFor(() => expect(reports.at(-1)?.progress?.open).toBe(1), PATIENCE);
    away = true;
    await vi.waitFor(() => {
      expect(reports.at(-1)).toMatchObject({
        progress: { open: 1 },
        storage: "away: no route to the store",
      });
    }, PATIENCE);
    away = false;
    await using _agent = await openStandInAgent(stores);
    expect((await settled).info?.progress.completed).toBe(1);
  });

  it("is taken over by a later watch of the same batch", async () => {
    await using watch = openWatch();
    const sessionId = await stores.newSession();
    await submit(stores, sessionId, [{}]);
    const key = { sessionId, batch: 1 };
    const first = watch.follow(key, () => {}, never);
    const second = watch.follow(key, () => {}, never);
    await expect(first).rejects.toThrow("another attempt watches this batch");
    await using _agent = await openStandInAgent(stores);
    expect((await second).info?.progress.completed).toBe(1);
  });

  it("ends with the activity's cancellation", async () => {
    await using watch = openWatch();
    const sessionId = await stores.newSession();
    await submit(stores, sessionId, [{}]);
    const cancel = new AbortController();
    const followed = watch.follow({ sessionId, batch: 1 }, () => {}, cancel.signal);
    cancel.abort(new Error("cancelled"));
    await expect(followed).rejects.toThrow("cancelled");
  });
});

describe("a watch of a batch that lingers", () => {
  const LINGER_MS = 4_000;

  /** A batch of its own for one finished task. */
  async function lingering(lingerMs = LINGER_MS) {
    const session = await stores.newSession();
    const task = stores.newTask(session, {});
    const { batchId } = task;
    await stores.tables.batches.add([{ batchId, sessionId: session, lingerMs }]);
    const add = async () => {
      const { taskId, ...same } = stores.newTask(session, { batchId });
      await stores.tables.tasks.create([{ ...same, taskId }]);
      const joined = await stores.tables.batches.join(batchId);
      if (!joined) return false;
      await stores.tables.tasks.accept([taskId]);
      await cancelTasks(stores, [taskId], "enough");
      return true;
    };
    return { key: { sessionId: session, batch: 1 }, session, add };
  }

  it("goes on for a while after the last task, and takes in what comes", async () => {
    await using watch = openWatch();
    const { key, add } = await lingering();
    await add();
    let settled = false;
    const followed = watch
      .follow(key, () => {}, never)
      .finally(() => {
        settled = true;
      });
    const since = performance.now();
    for (let i = 0; i < 4; i++) {
      await vi.waitFor(
        () => expect(performance.now() - since).toBeGreaterThan(i * 1_500),
        PATIENCE,
      );
      expect(await add()).toBe(true);
      expect(settled).toBe(false);
    }
    expect((await followed).info?.progress).toMatchObject({ open: 0, failed: 5 });
    // Longer than it would have waited for the first alone.
    expect(performance.now() - since).toBeGreaterThan(4_500 + LINGER_MS);
    expect(await add()).toBe(false);
  });

  it("ends at once with its session", async () => {
    await using watch = openWatch();
    const { key, session, add } = await lingering(600_000);
    await add();
    const followed = watch.follow(key, () => {}, never);
    await stores.tables.sessions.change(session, [SessionStatus.RUNNING], {
      status: SessionStatus.CLOSED,
    });
    expect((await followed).info?.progress.failed).toBe(1);
  });

  it("does not wait for more when it is full", () => {
    const progress = { open: 0, pending: 0, completed: 1_000, failed: 0 };
    const key = { sessionId: sessionId("s"), batch: 1, batchId: batchId("b") };
    const info = { ...key, lingerMs: 600_000, isOpen: false, progress };
    expect(isPatient(info, { final: 1_000, since: 0 }, 1)).toBe(false);
    expect(isPatient(info, { final: 999, since: 0 }, 1)).toBe(true);
  });
});

describe("all watches of a process", () => {
  const counted = () => {
    const { agents, batches, feed, sessions } = stores.tables;
    const asked: number[] = [];
    const get: typeof batches.get = async (keys) => {
      asked.push(keys.length);
      return await batches.get(keys);
    };
    return { asked, tables: { agents, batches: { ...batches, get }, feed, sessions } };
  };

  it("WA1: share one query", async () => {
    const { asked, tables } = counted();
    await using watch = openWatch(tables);
    const sessionId = await stores.newSession();
    await submit(stores, sessionId, times(40, {}));
    const cancel = new AbortController();
    const reports = new Map<number, Report>();
    const followed = Array.from({ length: 40 }, (_, i) =>
      watch.follow({ sessionId, batch: i + 1 }, (report) => reports.set(i, report), cancel.signal),
    );
    await vi.waitFor(() => expect(asked.at(-1)).toBe(40), PATIENCE);
    await vi.waitFor(() => expect(reports.size).toBe(40), PATIENCE);
    const looks = asked.length;
    await vi.waitFor(() => expect(asked.length).toBeGreaterThan(looks + 2), PATIENCE);
    expect(asked.slice(looks).every((keys) => keys === 40)).toBe(true);
    cancel.abort(new Error("enough"));
    await Promise.allSettled(followed);
  });

  it("WA3: look early when there is progress, long before the next look is due", async () => {
    await using watch = createWatch({ tables: stores.tables, log }, { pollMs: 3_600_000 });
    const sessionId = await stores.newSession();
    await submit(stores, sessionId, [{}]);
    const followed = watch.follow({ sessionId, batch: 1 }, () => {}, never);
    await using _agent = await openStandInAgent(stores);
    expect((await followed).info?.progress.completed).toBe(1);
  });
});

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createWatch, type Report, type WatchDependencies } from "../../src/activities/watch.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { submit } from "../support/orchestration.ts";
import { openStandInAgent } from "../support/stand-in-agent.ts";
import { openStores, type TestStores } from "../support/stores.ts";

const PATIENCE = { timeout: 25_000, interval: 20 };
const log = createLogger({ level: "silent", role: "test" });

let stores: TestStores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

const openWatch = (tables: WatchDependencies["tables"] = stores.tables) =>
  createWatch({ tables, log }, { pollMs: 100, beatMs: 20 });
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

  it("outlives an outage of the store: it goes on beating, and says so", async () => {
    const { batches, feed, sessions } = stores.tables;
    let away = false;
    const progress: typeof batches.progress = async (keys) => {
      if (away) throw new Error("no route to the store");
      return await batches.progress(keys);
    };
    await using watch = openWatch({ batches: { ...batches, progress }, feed, sessions });
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

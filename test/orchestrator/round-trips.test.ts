// What supervision costs where each call is a round trip: the same whatever the number of batches.
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SessionId } from "../../src/domain/ids.ts";
import { createParkedReconciler } from "../../src/orchestrator/supervision/reconcile-parked.ts";
import { createSupervisor } from "../../src/orchestrator/supervision/supervisor.ts";
import { createWatch } from "../../src/orchestrator/supervision/watch.ts";
import { submit, times } from "../support/orchestration.ts";
import { atMost, countRoundTrips, type RoundTrips } from "../support/round-trips.ts";
import { AGENT, openStores, type TestStores } from "../support/stores.ts";
import { log } from "./supervision.ts";

const PATIENCE = { timeout: 60_000, interval: 5 };

let stores: TestStores;
beforeEach(async () => {
  stores = await openStores();
});
afterEach(() => stores[Symbol.asyncDispose]());

/** Batches of one task each: half of them run, half of them wait. */
async function newBatches(count: number): Promise<SessionId> {
  const sessionId = await stores.newSession();
  const input = await stores.newResult(sessionId);
  const running = await submit(stores, sessionId, times(count / 2, {}));
  await submit(stores, sessionId, times(count / 2, { dataDependencies: [input] }), count / 2);
  await stores.tables.tasks.acquire(running, AGENT, 1);
  return sessionId;
}

/** Makes every watch look, as any progress of any session does. */
const giveNews = async (): Promise<unknown> => {
  const sessionId = await stores.newSession();
  return await stores.tables.batches.add([{ batchId: sessionId as never, sessionId }]);
};

/** Longer than the rarest of supervision's checks, and less than it takes to park a batch. */
const AHEAD_MS = 6_000;
/** Agents are looked at no more often, by a clock of its own. */
const AGENTS_MS = 700;
/** For what follows the last call that is expected. */
const REST_MS = 300;

/** Supervises the sessions' batches, and lets them be looked at once, when everything is due. */
async function lookOnce(sessions: readonly SessionId[], batches: number): Promise<RoundTrips> {
  const counted = countRoundTrips(stores);
  const { tables } = counted.stores;
  const now = performance.now.bind(performance);
  using clock = vi.spyOn(performance, "now");
  await using watch = createWatch({ tables, log }, { pollMs: 3_600_000 });
  await using _supervisor = createSupervisor(
    { stores: counted.stores, watch, log },
    { republishAfterMs: 60_000 },
  );
  let looks = 0;
  watch.onLook((followed) => {
    looks += followed.length === sessions.length * batches ? 1 : 0;
  });
  const { signal } = new AbortController();
  for (const sessionId of sessions)
    for (let batch = 1; batch <= batches; batch++)
      watch.follow({ sessionId, batch }, () => {}, signal).catch(() => {});
  await vi.waitFor(() => expect(looks).toBeGreaterThan(0), PATIENCE);
  await sleep(AGENTS_MS);
  return await counted.measure(async () => {
    clock.mockImplementation(() => now() + AHEAD_MS);
    looks = 0;
    await giveNews();
    await vi.waitFor(() => expect(looks).toBe(1), PATIENCE);
    await sleep(REST_MS);
  });
}

/** Without what the other loop does, which has its own pace. */
const ofLooks = (trips: RoundTrips): RoundTrips =>
  trips.filter((calls) => calls.some((name) => !OF_PARKED.has(name)));
const OF_PARKED = new Set([
  ...["batches.parked", "dependencies.openInBatches", "dependencies.ready", "results.get"],
]);

describe("SV4: a look that finds nothing takes three round trips", () => {
  for (const [sessions, batches] of [
    [1, 2],
    [1, 64],
    [4, 32],
  ] as const)
    it(`at ${sessions} times ${batches} batches, when all is due`, async () => {
      const ids = await Promise.all(times(sessions, batches).map(newBatches));
      const trips = ofLooks(await lookOnce(ids, batches));
      expect(trips, JSON.stringify(trips)).toSatisfy(atMost(3));
      const calls = trips.flat();
      const count = (verb: string) => calls.filter((name) => name === verb).length;
      for (const verb of ["sessions.statuses", "agents.list"]) expect(calls).toContain(verb);
      expect(count("tasks.inBatches")).toBe(2 * sessions);
      expect(count("tasks.readyInBatches")).toBe(sessions);
    });
});

it("closes any number of batches in the round trip after the one that finds them", async () => {
  const sessionId = await newBatches(64);
  const counted = countRoundTrips(stores);
  const { tables } = counted.stores;
  await using watch = createWatch({ tables, log }, { pollMs: 3_600_000 });
  const { signal } = new AbortController();
  const ends = Array.from({ length: 64 }, (_, i) =>
    watch.follow({ sessionId, batch: i + 1 }, () => {}, signal),
  );
  await sleep(REST_MS);
  const tasks = (await Array.fromAsync(stores.tables.tasks.walk(sessionId))).flat();
  const record = { outcome: "cancelled", error: "" } as const;
  await stores.tables.tasks.decide(
    tasks.map(({ taskId, status }) => ({ taskId, from: [status], record })),
    2,
  );
  const trips = await counted.measure(async () => {
    await stores.tables.tasks.finish(
      tasks.map(({ taskId }) => taskId),
      3,
    );
    await Promise.all(ends);
  });
  expect(trips.map((calls) => calls.filter((name) => name.startsWith("batches.")))).toEqual([
    ["batches.get"],
    ["batches.close"],
  ]);
});

describe("RP4: a round over parked batches takes three round trips", () => {
  for (const batches of [2, 20])
    it(`at ${batches} batches whose edges are due`, async () => {
      const sessionId = await newBatches(2 * batches);
      const keys = Array.from({ length: batches }, (_, i) => ({
        ...{ sessionId, batch: batches + i + 1 },
      }));
      expect(await stores.tables.batches.park(keys)).toEqual(keys);
      let pages = 0;
      const { dependencies } = stores.tables;
      const openInBatches: typeof dependencies.openInBatches = (some, limit) => {
        pages++;
        return dependencies.openInBatches(some, limit);
      };
      const tables = { ...stores.tables, dependencies: { ...dependencies, openInBatches } };
      const counted = countRoundTrips({ ...stores, tables });
      const trips = await counted.measure(async () => {
        await using _reconciler = createParkedReconciler(
          { stores: counted.stores, log },
          { firstMs: 1 },
        );
        // The first round only finds the batches.
        await vi.waitFor(() => expect(pages).toBeGreaterThan(0), PATIENCE);
      });
      const rounds = trips.flat().filter((name) => name === "batches.parked").length;
      expect(trips.flat()).toContain("dependencies.openInBatches");
      expect(trips.length).toBeLessThanOrEqual(3 * rounds);
    });
});

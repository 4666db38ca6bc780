import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SessionId } from "../../src/domain/ids.ts";
import type { Announcer } from "../../src/lifecycle/announcer.ts";
import { createMaintenance } from "../../src/orchestrator/maintenance/maintenance.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { submit } from "../support/orchestration.ts";
import { openStores, type TestStores } from "../support/stores.ts";

const log = createLogger({ level: "silent", role: "test" });
const PATIENCE = { timeout: 60_000, interval: 20 };

let stores: TestStores;
beforeEach(async () => {
  stores = await openStores();
});
afterEach(() => stores[Symbol.asyncDispose]());

/** Temporal, as far as maintenance know it. */
const standInTemporal = (failures = 0) => {
  const told: [SessionId, readonly number[]][] = [];
  let left = failures;
  return {
    told,
    batchesReady: async (sessionId: SessionId, batches: readonly number[]) => {
      if (left-- > 0) throw new Error("Temporal is away");
      told.push([sessionId, batches]);
    },
  };
};
const revival = { look: async () => {} };

const announcer: Announcer = {
  submitted() {},
  look: async () => {},
  [Symbol.asyncDispose]: async () => {},
};

/** A parked batch whose task is on the queue by now. */
const parkedAndReady = async (): Promise<SessionId> => {
  const session = await stores.newSession();
  const input = await stores.newResult(session);
  const tasks = await submit(stores, session, [{ dataDependencies: [input] }]);
  const key = { sessionId: session, batch: 1 };
  expect(await stores.tables.batches.park([key])).toEqual([key]);
  await stores.tables.tasks.submit(tasks, 1);
  return session;
};

describe("parked batches that became ready", () => {
  it("are told to their workflow once, and until it has heard", async () => {
    const session = await parkedAndReady();
    const workflows = standInTemporal(2);
    await using _chores = createMaintenance(
      { stores, workflows, announcer, revival, log },
      { sweepMs: 50 },
    );
    await vi.waitFor(() => expect(workflows.told).toEqual([[session, [1]]]), PATIENCE);
    await vi.waitFor(
      async () =>
        expect(await stores.tables.batches.unparkReady({ answeredOlderThanMs: 0 })).toEqual([]),
      PATIENCE,
    );
    expect(workflows.told).toHaveLength(1);
  });

  it("are told by another orchestrator when one dies between its look and its telling", async () => {
    const session = await parkedAndReady();
    expect(await stores.tables.batches.unparkReady()).toHaveLength(1);
    const workflows = standInTemporal();
    await using _chores = createMaintenance(
      { stores, workflows, announcer, revival, log },
      { sweepMs: 50, untoldMs: 100 },
    );
    await vi.waitFor(() => expect(workflows.told).toEqual([[session, [1]]]), PATIENCE);
  });
});

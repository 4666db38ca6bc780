import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { batchId, type SessionId } from "../../src/domain/ids.ts";
import { type Announcer, createAnnouncer } from "../../src/lifecycle/announcer.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";
import { openStores, type TestStores } from "../support/stores.ts";

const log = createLogger({ level: "silent", role: "test" });
const PATIENCE = { timeout: 60_000, interval: 2 };

let stores: TestStores;
let clock: ManualClock;
let announcer: Announcer;
/** What Temporal was told, in order; it can be away, or slow. */
let told: { session: SessionId; upTo: number }[];
let temporal: (session: SessionId) => Promise<void>;

beforeEach(async () => {
  stores = await openStores();
  clock = createManualClock(0);
  told = [];
  temporal = async () => {};
  announcer = create();
});
afterEach(async () => {
  await announcer[Symbol.asyncDispose]();
  await stores[Symbol.asyncDispose]();
});

const create = (): Announcer =>
  createAnnouncer({
    ...{ tables: stores.tables, log, clock },
    workflows: {
      async batchesSubmitted(session, { upTo }) {
        await temporal(session);
        told.push({ session, upTo });
      },
    },
  });

const store = (session: SessionId, count = 1) =>
  stores.tables.batches.add(
    Array.from({ length: count }, () => ({ batchId: batchId(randomUUID()), sessionId: session })),
  );

const submit = async (session: SessionId): Promise<void> => {
  await store(session);
  announcer.submitted(session);
};

const marksOf = (session: SessionId) =>
  told.filter((one) => one.session === session).map(({ upTo }) => upTo);
const unannounced = (session: SessionId) =>
  stores.tables.batches.unannounced({ sessionId: session });

/** Between two announcements, or after the last. */
const pausing = (...ms: number[]) => vi.waitFor(() => expect(clock.pauses).toEqual(ms), PATIENCE);

/** By the store's clock, too, which nobody moves on. */
async function grace(): Promise<void> {
  await sleep(25);
  clock.forward(20);
}

describe("an announcer", () => {
  it("tells a quiet session's workflow at once, and notes that it has", async () => {
    const session = await stores.newSession();
    await submit(session);
    await pausing(100);
    expect(marksOf(session)).toEqual([1]);
    expect(await unannounced(session)).toEqual([]);
  });

  it("tells what comes meanwhile together, at most ten times a second and session", async () => {
    const [session, other] = [await stores.newSession(), await stores.newSession()];
    await submit(session);
    await pausing(100);
    for (let i = 0; i < 20; i++) await submit(session);
    clock.forward(99);
    await submit(session);
    await submit(other);
    await pausing(1, 100);
    expect(marksOf(session)).toEqual([1]);
    expect(marksOf(other)).toEqual([1]);
    clock.forward(1);
    await pausing(99, 100);
    expect(marksOf(session)).toEqual([1, 22]);
  });

  it("forgets a session that fell silent, and tells at once when it speaks again", async () => {
    const session = await stores.newSession();
    await submit(session);
    await pausing(100);
    clock.forward(100);
    await pausing();
    await submit(session);
    await pausing(100);
    expect(marksOf(session)).toEqual([1, 2]);
  });

  it("does not miss what is stored while it speaks", async () => {
    const session = await stores.newSession();
    const speaking = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    temporal = async () => {
      speaking.resolve();
      await answer.promise;
    };
    await submit(session);
    await speaking.promise;
    await submit(session);
    answer.resolve();
    await pausing(100);
    clock.forward(100);
    await pausing(100);
    expect(marksOf(session)).toEqual([1, 2]);
  });

  it("repeats, ever later, what Temporal did not take, and says nothing of it to the store", async () => {
    const session = await stores.newSession();
    temporal = async () => {
      throw new Error("no connection");
    };
    await submit(session);
    for (const ms of [100, 200, 400, 800, 1_600, 3_200, 5_000]) {
      await pausing(ms);
      expect(await unannounced(session)).toMatchObject([{ upTo: 1 }]);
      clock.forward(ms);
    }
    await pausing(5_000);
    temporal = async () => {};
    clock.forward(5_000);
    await pausing(100);
    expect(marksOf(session)).toEqual([1]);
    expect(await unannounced(session)).toEqual([]);
  });

  it("tells again what it told and could not note: workflows take repeats", async () => {
    const session = await stores.newSession();
    const { announced } = stores.tables.batches;
    let away = true;
    const batches = {
      ...stores.tables.batches,
      async announced(...mark: Parameters<typeof announced>) {
        if (away) throw new Error("no store");
        await announced(...mark);
      },
    };
    await announcer[Symbol.asyncDispose]();
    announcer = createAnnouncer({
      ...{ tables: { batches }, log, clock },
      workflows: {
        batchesSubmitted: async (id, { upTo }) => void told.push({ session: id, upTo }),
      },
    });
    await submit(session);
    await pausing(100);
    away = false;
    clock.forward(100);
    await vi.waitFor(async () => expect(await unannounced(session)).toEqual([]), PATIENCE);
    expect(marksOf(session)).toEqual([1, 1]);
  });

  it("one session's trouble is not another's", async () => {
    const [bad, good] = [await stores.newSession(), await stores.newSession()];
    temporal = async (session) => {
      if (session === bad) throw new Error("busy");
    };
    await submit(bad);
    await submit(good);
    await vi.waitFor(() => expect(marksOf(good)).toEqual([1]), PATIENCE);
    expect(marksOf(bad)).toEqual([]);
  });
});

describe("a look at what others stored", () => {
  it("leaves it to them for a moment, then announces it", async () => {
    const session = await stores.newSession();
    await store(session, 3);
    await announcer.look();
    await pausing(20);
    expect(marksOf(session)).toEqual([]);
    await grace();
    await pausing(100);
    expect(marksOf(session)).toEqual([3]);
  });

  it("announces nothing that they have announced meanwhile", async () => {
    const session = await stores.newSession();
    await store(session);
    await announcer.look();
    await stores.tables.batches.announced(session, 1);
    await pausing(20);
    await grace();
    await pausing(100);
    expect(told).toEqual([]);
  });

  it("may be repeated at any rate", async () => {
    const session = await stores.newSession();
    await store(session);
    for (let i = 0; i < 5; i++) await announcer.look();
    await pausing(20);
    await grace();
    await pausing(100);
    expect(marksOf(session)).toEqual([1]);
  });
});

describe("disposal", () => {
  it("announces what is due, without its pause", async () => {
    const session = await stores.newSession();
    await submit(session);
    await pausing(100);
    await submit(session);
    await announcer[Symbol.asyncDispose]();
    expect(marksOf(session)).toEqual([1, 2]);
    expect(clock.pauses).toEqual([]);
  });

  it("does not wait for a Temporal that is away: somebody else will find it", async () => {
    const session = await stores.newSession();
    temporal = async () => {
      throw new Error("no connection");
    };
    await submit(session);
    await pausing(100);
    await announcer[Symbol.asyncDispose]();
    expect(await unannounced(session)).toMatchObject([{ upTo: 1 }]);
    const heir = create();
    temporal = async () => {};
    await heir.look();
    await pausing(20);
    await grace();
    await vi.waitFor(() => expect(marksOf(session)).toEqual([1]), PATIENCE);
    await heir[Symbol.asyncDispose]();
  });

  it("is the end: what is submitted later is left to others", async () => {
    const session = await stores.newSession();
    await announcer[Symbol.asyncDispose]();
    await submit(session);
    await announcer[Symbol.asyncDispose]();
    expect(told).toEqual([]);
    expect(await unannounced(session)).toMatchObject([{ upTo: 1 }]);
  });
});

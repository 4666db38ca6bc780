import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SessionId, sessionId as toSessionId } from "../../src/domain/ids.ts";
import { cancelSessionTasks } from "../../src/lifecycle/cancel.ts";
import { OPTIONS, type OpenGrid, openGrid } from "./open-grid.ts";
import { newPayload, newResults, newSession, submit } from "./steps.ts";

describe("batches of a submission", () => {
  let grid: OpenGrid;
  beforeAll(async () => {
    grid = await openGrid();
  });
  afterAll(() => grid[Symbol.asyncDispose]());

  const backlogOf = async (id: SessionId) =>
    (await grid.stores.tables.batches.unannounced({ sessionId: id }))[0];

  it("are single tasks, named for people, while the session is small", async () => {
    const session = await newSession(grid);
    const payload = await newPayload(grid, session);
    const named = ["render é 42", "two\nlines", "x".repeat(61), ""];
    const outputs = await newResults(grid, session, named);
    const taskOptions = { ...OPTIONS, applicationName: "films", applicationService: "render" };
    const creations = outputs.map((id) => ({ payloadId: payload, expectedOutputKeys: [id] }));
    const ids = await submit(grid, session, [
      ...creations,
      { payloadId: payload, expectedOutputKeys: outputs.slice(0, 1), taskOptions },
    ]);
    expect(await backlogOf(toSessionId(session))).toMatchObject({
      upTo: 5,
      tasks: 5,
      names: {
        1: "render é 42",
        2: ids[1],
        3: ids[2],
        4: ids[3],
        5: "render é 42 (films/render)",
      },
    });
    expect(grid.announced).toContain(session);
  });

  it("grow when the session does, and a stream of small calls shares one", async () => {
    const session = await newSession(grid);
    const id = toSessionId(session);
    const payload = await newPayload(grid, session);
    const one = [{ payloadId: payload }];
    await submit(
      grid,
      session,
      Array.from({ length: 100 }, () => one[0] ?? {}),
    );
    expect((await backlogOf(id))?.upTo).toBe(12);
    // Joins the last of them, though the workflow knows it already.
    await grid.stores.tables.batches.announced(id, 12);
    for (let i = 0; i < 5; i += 1) await submit(grid, session, one);
    expect(await backlogOf(id)).toBeUndefined();
    const [last] = await grid.stores.tables.batches.get([{ sessionId: id, batch: 12 }]);
    expect(last?.progress.open).toBe(13);
    expect(await grid.stores.tables.tasks.roomBelow(id, 200)).toBe(95);
  });

  it("are left alone once they are closed", async () => {
    const session = await newSession(grid);
    const id = toSessionId(session);
    const payload = await newPayload(grid, session);
    await submit(grid, session, Array(70).fill({ payloadId: payload }));
    await cancelSessionTasks(grid.stores, id, { reason: "test", running: true });
    const keys = Array.from({ length: 8 }, (_, i) => ({ sessionId: id, batch: i + 1 }));
    expect(await grid.stores.tables.batches.close(keys)).toHaveLength(8);
    await submit(grid, session, [{ payloadId: payload }]);
    expect(await backlogOf(id)).toMatchObject({ upTo: 9, tasks: 71 });
  });

  it("linger when calls come one after the other, for some times the pause between them", async () => {
    const session = await newSession(grid);
    const id = toSessionId(session);
    const payload = await newPayload(grid, session);
    await submit(grid, session, Array(70).fill({ payloadId: payload }));
    const closeAll = async () => {
      await cancelSessionTasks(grid.stores, id, { reason: "test", running: true });
      const upTo = (await backlogOf(id))?.upTo ?? 0;
      const keys = Array.from({ length: upTo }, (_, i) => ({ sessionId: id, batch: i + 1 }));
      return (await grid.stores.tables.batches.close(keys)).at(-1)?.lingerMs;
    };
    const lingers: unknown[] = [await closeAll()];
    for (const waitMs of [0, 10_000, 1_000, 500_000, 700_000]) {
      grid.time.forward(waitMs);
      await submit(grid, session, [{ payloadId: payload }]);
      lingers.push(await closeAll());
    }
    const [bulk, single, ...stream] = lingers;
    expect([bulk, single]).toEqual([undefined, undefined]);
    expect(stream[0]).toBeGreaterThanOrEqual(40_000);
    expect(stream[0]).toBeLessThan(60_000);
    // A shorter pause is not taken for the pace at once; a very long one is not waited for.
    expect(stream[1]).toBeGreaterThan(35_000);
    expect(stream[2]).toBe(600_000);
    expect(stream[3]).toBeUndefined();
  });

  it("count each task once, however many calls come at a time", async () => {
    const session = await newSession(grid);
    const payload = await newPayload(grid, session);
    await submit(
      grid,
      session,
      Array.from({ length: 70 }, () => ({ payloadId: payload })),
    );
    const calls = Array.from({ length: 40 }, () =>
      submit(grid, session, [{ payloadId: payload }, { payloadId: payload }]),
    );
    await Promise.all(calls);
    const tasks = await grid.stores.tables.batches.taskCount(toSessionId(session));
    expect(tasks).toBe(150);
    const keys = Array.from({ length: 150 }, (_, i) => ({
      sessionId: toSessionId(session),
      batch: i + 1,
    }));
    const infos = await grid.stores.tables.batches.get(keys);
    expect(infos.reduce((sum, { progress }) => sum + progress.open, 0)).toBe(150);
  });
});

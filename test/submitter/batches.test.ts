import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SessionId, sessionId as toSessionId } from "../../src/domain/ids.ts";
import { OPTIONS, type OpenGrid, openGrid } from "./open-grid.ts";
import { newPayload, newResults, newSession, submit } from "./steps.ts";

describe("batches of a submission", () => {
  let grid: OpenGrid;
  beforeAll(async () => {
    grid = await openGrid();
  });
  afterAll(() => grid[Symbol.asyncDispose]());

  const backlogOf = async (id: SessionId) =>
    (await grid.stores.tables.batches.sealUnannounced({ sessionId: id }))[0];

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
    expect(grid.announced).toContainEqual({ sessionId: session, tasks: 5 });
  });

  it("grow when the session does, and a stream of small calls shares one", async () => {
    const session = await newSession(grid);
    const payload = await newPayload(grid, session);
    const one = [{ payloadId: payload }];
    await submit(
      grid,
      session,
      Array.from({ length: 100 }, () => one[0] ?? {}),
    );
    const first = await backlogOf(toSessionId(session));
    expect(first?.upTo).toBe(13);
    for (let i = 0; i < 5; i += 1) await submit(grid, session, one);
    expect(await backlogOf(toSessionId(session))).toMatchObject({ upTo: 14, tasks: 105 });
    // Sealed by now: the next call makes another.
    await submit(grid, session, one);
    expect(await backlogOf(toSessionId(session))).toMatchObject({ upTo: 15, tasks: 106 });
    expect(await grid.stores.tables.tasks.queuedCount(toSessionId(session))).toBe(106);
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
    const infos = await grid.stores.tables.batches.progress(keys);
    expect(infos.reduce((sum, { progress }) => sum + progress.open, 0)).toBe(150);
  });
});

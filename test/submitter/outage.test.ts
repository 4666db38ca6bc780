// What clients see of a store that does not do its part: UNAVAILABLE, which they may repeat.
import { renameSync } from "node:fs";
import { join } from "node:path";
import { Status } from "nice-grpc";
import { afterAll, beforeAll, expect, it } from "vitest";
import { taskId } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import { limitFileSize } from "../support/file-size-limit.ts";
import { OPTIONS, type OpenGrid, openGrid } from "./open-grid.ts";
import { chunksOf, newPayload, newResults, newSession, submit } from "./steps.ts";

let grid: OpenGrid;
beforeAll(async () => {
  grid = await openGrid();
});
afterAll(() => grid[Symbol.asyncDispose]());

it("answers UNAVAILABLE with the reason while the disk is full, and goes on when it is not", async () => {
  const sessionId = await newSession(grid);
  const payloadId = await newPayload(grid, sessionId);
  const [resultId = ""] = await newResults(grid, sessionId, ["r"]);
  const data = new Uint8Array(200_000);
  const calls: Record<string, () => Promise<unknown>> = {
    CreateSession: () => grid.sessions.createSession({ defaultTaskOption: OPTIONS }),
    CreateResultsMetaData: () => newResults(grid, sessionId, ["new"]),
    CreateResults: () => newPayload(grid, sessionId),
    UploadResultData: () => grid.results.uploadResultData(chunksOf({ sessionId, resultId }, data)),
    SubmitTasks: () => submit(grid, sessionId, [{ payloadId }]),
  };
  {
    using _full = limitFileSize(10_000);
    for (const [name, call] of Object.entries(calls)) {
      await expect(call(), name).rejects.toMatchObject({
        code: Status.UNAVAILABLE,
        details: expect.stringMatching(/^A service behind this one is away: (table\.db|objects)/),
      });
    }
    // Reading needs no disk.
    expect((await grid.sessions.getSession({ sessionId })).session?.sessionId).toBe(sessionId);
  }
  for (const [name, call] of Object.entries(calls))
    await expect(call(), name).resolves.toBeDefined();
});

it("accepts tasks while the queue is away: supervision publishes them", async () => {
  const sessionId = await newSession(grid);
  const payloadId = await newPayload(grid, sessionId);
  const { queue, tables } = grid.stores;
  const queueFile = join(grid.path, "queue.db");
  renameSync(queueFile, `${queueFile}-aside`);
  await expect.poll(() => queue.ping().catch(({ code }) => code)).toBe("DEPENDENCY_UNAVAILABLE");
  const [id = ""] = await submit(grid, sessionId, [{ payloadId }]);
  renameSync(`${queueFile}-aside`, queueFile);
  const [task] = await tables.tasks.get([taskId(id)]);
  expect(task?.status).toBe(TaskStatus.SUBMITTED);
});

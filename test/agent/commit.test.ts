import { readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ResultStatus, TaskStatus } from "../../src/domain/status.ts";
import { openTestGrid, type TestGrid } from "./grid.ts";
import { openPair } from "./pair.ts";
import { OK } from "./worker.ts";

let grid: TestGrid;
beforeEach(async () => {
  grid = await openTestGrid();
});
afterEach(() => grid[Symbol.asyncDispose]());

it("runs a task and makes its output visible", async () => {
  const session = await grid.newSession();
  const [payload, input, output] = await grid.newResults(session, ["ping", "x", undefined]);
  await using pair = await openPair(grid, {
    behaviour: async ({ request, input: read, output: write }) => {
      const texts = await Promise.all([request.payloadId, ...request.dataDependencies].map(read));
      await write(request.expectedOutputKeys[0] as string, texts.join("+"));
      return OK;
    },
  });
  const [id] = await grid.submit(session, [
    { payloadId: payload, inputs: [input], outputs: [output] },
  ]);
  await vi.waitFor(async () => expect((await grid.task(id)).status).toBe(TaskStatus.COMPLETED));
  expect(await grid.result(output)).toEqual({ status: ResultStatus.COMPLETED, text: "ping+x" });
  await pair.stop();
  expect(readdirSync(pair.cacheFolder)).toEqual([]);
});

// SubmitTasks of tasks that are ready: from the request to the answer.
import { createBatching } from "../../src/submitter/submission/batching.ts";
import { submitTasks } from "../../src/submitter/tasks/submit.ts";
import { type OpenGrid, openGrid } from "../../test/submitter/open-grid.ts";
import { newPayload, newResults, newSession } from "../../test/submitter/steps.ts";
import type { Forecast } from "./forecast.ts";

const TASKS = 1_000;

async function requestOf(grid: OpenGrid) {
  const sessionId = await newSession(grid);
  const payloadId = await newPayload(grid, sessionId);
  const names = Array.from({ length: TASKS }, (_, i) => `output ${i}`);
  const taskCreations = (await newResults(grid, sessionId, names)).map((output) => ({
    ...{ payloadId, dataDependencies: [], expectedOutputKeys: [output] },
    taskOptions: undefined,
  }));
  return { sessionId, taskOptions: undefined, taskCreations };
}

export const submission: Forecast = {
  title: "SubmitTasks of 1,000 tasks",
  tasks: TASKS,
  countable: true,
  async run(probe, rounds) {
    await using open = await openGrid();
    const { stores, measure } = probe(open.stores);
    const grid = { ...open.grid, stores };
    const batching = createBatching(grid);
    const values: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const request = await requestOf(open);
      values.push(await measure(() => submitTasks(grid, batching, request)));
    }
    return values;
  },
};

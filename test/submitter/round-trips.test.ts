import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBatching } from "../../src/submitter/submission/batching.ts";
import { submitTasks } from "../../src/submitter/tasks/submit.ts";
import { atMost, countRoundTrips } from "../support/round-trips.ts";
import { type OpenGrid, openGrid } from "./open-grid.ts";
import { newPayload, newResults, newSession } from "./steps.ts";

/** From the request to the answer: checked, stored, on record, accepted, and on the queue. */
describe("SubmitTasks costs at most six round trips", () => {
  let grid: OpenGrid;
  beforeAll(async () => {
    grid = await openGrid();
  });
  afterAll(() => grid[Symbol.asyncDispose]());

  /** Tasks that wait for the results named, each with an output of its own. */
  async function requestOf(sessionId: string, count: number, inputs: string[]) {
    const payloadId = await newPayload(grid, sessionId);
    const dataDependencies = await newResults(grid, sessionId, inputs);
    const names = Array.from({ length: count }, (_, i) => `output ${i}`);
    const taskCreations = (await newResults(grid, sessionId, names)).map((output) => ({
      ...{ payloadId, dataDependencies, expectedOutputKeys: [output] },
      taskOptions: undefined,
    }));
    return { sessionId, taskOptions: undefined, taskCreations };
  }

  const counted = () => {
    const { stores, measure } = countRoundTrips(grid.stores);
    const watched = { ...grid.grid, stores };
    const batching = createBatching(watched);
    return {
      tripsOf: (request: Awaited<ReturnType<typeof requestOf>>) =>
        measure(() => submitTasks(watched, batching, request)),
    };
  };

  it("of 1,000 tasks that are ready", async () => {
    const request = await requestOf(await newSession(grid), 1_000, []);
    expect(await counted().tripsOf(request)).toSatisfy(atMost(6));
  });

  it("of 1,000 tasks that wait", async () => {
    const request = await requestOf(await newSession(grid), 1_000, ["input"]);
    expect(await counted().tripsOf(request)).toSatisfy(atMost(6));
  });

  it("of a few tasks, ready and waiting, which join a batch", async () => {
    const session = await newSession(grid);
    const { tripsOf } = counted();
    await tripsOf(await requestOf(session, 65, []));
    const [ready, waiting] = [
      await requestOf(session, 2, []),
      await requestOf(session, 2, ["input"]),
    ];
    const taskCreations = [...ready.taskCreations, ...waiting.taskCreations];
    const trips = await tripsOf({ ...ready, taskCreations });
    expect(trips.flat()).toContain("batches.join");
    expect(trips).toSatisfy(atMost(6));
  });
});

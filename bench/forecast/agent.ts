// An agent with its worker in one process, no-op tasks with a small output: from the submission to
// the last result.
import { setTimeout as sleep } from "node:timers/promises";
import { ResultStatus } from "../../src/domain/status.ts";
import { openTestGrid } from "../../test/agent/grid.ts";
import { openPair } from "../../test/agent/pair.ts";
import { OK } from "../../test/agent/worker.ts";
import type { Forecast } from "./forecast.ts";

const TASKS = 1_000;
const LOOK_MS = 5;

export const agent: Forecast = {
  title: "1,000 no-op tasks through one agent",
  tasks: TASKS,
  countable: false,
  async run(probe, rounds) {
    await using grid = await openTestGrid();
    const { stores, measure } = probe(grid.stores);
    let left = 0;
    await using _ = await openPair(grid, {
      stores,
      async behaviour({ request, output }) {
        for (const id of request.expectedOutputKeys) await output(id, "done");
        left -= 1;
        return OK;
      },
    });
    const values: number[] = [];
    for (let round = 0; round < rounds; round++) {
      left = TASKS;
      const session = await grid.newSession();
      const [payloadId, ...outputs] = await grid.newResults(session, [
        "payload",
        ...Array.from({ length: TASKS }, () => undefined),
      ]);
      const areDone = async () => {
        if (left > 0) return false;
        const rows = await grid.stores.tables.results.get(outputs);
        return rows.every(({ status }) => status === ResultStatus.COMPLETED);
      };
      const work = async () => {
        await grid.submit(
          session,
          outputs.map((output) => ({ payloadId, outputs: [output] })),
        );
        while (!(await areDone())) await sleep(LOOK_MS);
      };
      values.push(await measure(work));
    }
    return values;
  },
};

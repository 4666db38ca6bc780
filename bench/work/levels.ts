// HtcMock's shape: levels of tasks, each task waiting for one of the level before.
import type { BenchClient } from "../support/client.ts";
import { count, type Work } from "../support/work.ts";

const DEPTH = 100;

/** Tasks a second. */
async function runLevels(client: BenchClient, width: number): Promise<number> {
  const sessionId = await client.newSession();
  const [payloadId = ""] = await client.newData(sessionId, [Buffer.from("no-op")]);
  const outputs = await client.newResults(sessionId, DEPTH * width);
  const start = performance.now();
  const known = client.completed(sessionId, outputs.slice(-width));
  await client.submit(
    sessionId,
    outputs.map((output, i) => ({
      payloadId,
      outputs: [output],
      inputs: i < width ? [] : outputs.slice(i - width, i - width + 1),
    })),
  );
  await known;
  return ((DEPTH * width) / (performance.now() - start)) * 1_000;
}

export const levels: Work = {
  key: "levels",
  on: "running grid",
  async run({ client }, tasks) {
    const width = Math.ceil(tasks / DEPTH);
    return [
      {
        title: `${count(DEPTH * width)} tasks in ${DEPTH} levels`,
        unit: "/s",
        better: "more",
        target: { limit: 0.33, of: "F" },
        value: await runLevels(client, width),
      },
    ];
  },
};

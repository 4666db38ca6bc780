// Bulk submission, metadata only: calls of 1,000 tasks whose payload never comes.
import type { Work } from "../support/work.ts";

export const submission: Work = {
  key: "submission",
  on: "running grid",
  async run({ client }, tasks) {
    const count = 2 * tasks;
    const sessionId = await client.newSession();
    const [payloadId = ""] = await client.newResults(sessionId, 1);
    const outputs = await client.newResults(sessionId, count);
    const definitions = outputs.map((output) => ({ payloadId, outputs: [output] }));
    const start = performance.now();
    await client.submit(sessionId, definitions);
    const seconds = (performance.now() - start) / 1_000;
    await client.sessions.cancelSession({ sessionId });
    return [
      {
        title: "bulk submission, metadata only, calls of 1,000",
        unit: "tasks/s",
        better: "more",
        target: { limit: 15_000 },
        value: count / seconds,
      },
    ];
  },
};

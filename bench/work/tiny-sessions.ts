// Many sessions of 5 no-op tasks, 16 at once, each created, filled, waited for and closed.
import type { BenchClient } from "../support/client.ts";
import { inFlight } from "../support/in-flight.ts";
import type { Work } from "../support/work.ts";

const TASKS = 5;
const IN_FLIGHT = 16;

async function liveOnce(client: BenchClient): Promise<void> {
  const sessionId = await client.newSession();
  const [payloadId = ""] = await client.newData(sessionId, [Buffer.from("no-op")]);
  const outputs = await client.newResults(sessionId, TASKS);
  const known = client.completed(sessionId, outputs);
  await client.submit(
    sessionId,
    outputs.map((output) => ({ payloadId, outputs: [output] })),
  );
  await known;
  await client.sessions.closeSession({ sessionId });
}

export const tinySessions: Work = {
  key: "tiny",
  on: "running grid",
  async run({ client }, tasks) {
    const sessions = Array.from({ length: Math.ceil(tasks / 100) }, (_, i) => i);
    const start = performance.now();
    await inFlight(IN_FLIGHT, sessions, () => liveOnce(client));
    const seconds = (performance.now() - start) / 1_000;
    return [
      {
        title: `${sessions.length} sessions of ${TASKS} tasks, ${IN_FLIGHT} at once`,
        unit: "tasks/s",
        better: "more",
        value: (sessions.length * TASKS) / seconds,
      },
    ];
  },
};

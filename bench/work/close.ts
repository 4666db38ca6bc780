// How long CloseSession takes for a session without tasks, on an idle grid.
import type { BenchClient } from "../support/client.ts";
import { inFlight } from "../support/in-flight.ts";
import { median } from "../support/statistics.ts";
import type { Work } from "../support/work.ts";

const IN_FLIGHT = 16;

/** Milliseconds of each call. */
async function close(client: BenchClient, sessions: number, atOnce: number): Promise<number[]> {
  const ids: string[] = [];
  await inFlight(IN_FLIGHT, Array.from({ length: sessions }), async () => {
    ids.push(await client.newSession());
  });
  const times: number[] = [];
  await inFlight(atOnce, ids, async (sessionId) => {
    const start = performance.now();
    await client.sessions.closeSession({ sessionId });
    times.push(performance.now() - start);
  });
  return times;
}

export const closing: Work = {
  key: "close",
  on: "running grid",
  async run({ client }, tasks) {
    const alone = await close(client, Math.ceil(tasks / 200), 1);
    const together = await close(client, IN_FLIGHT * Math.ceil(tasks / 2_500), IN_FLIGHT);
    const common = { unit: "ms", better: "less" } as const;
    return [
      { ...common, title: "CloseSession, idle, alone, median", value: median(alone) },
      {
        ...common,
        title: `CloseSession, idle, ${IN_FLIGHT} at once, median`,
        value: median(together),
      },
    ];
  },
};

// One no-op task at a time on an idle grid: submit → result known.
import { percentile } from "../support/statistics.ts";
import type { Work } from "../support/work.ts";

export const roundTrip: Work = {
  key: "roundtrip",
  on: "running grid",
  async run({ client }, tasks) {
    const count = Math.ceil(tasks / 50);
    const sessionId = await client.newSession();
    const [payloadId = ""] = await client.newData(sessionId, [Buffer.from("no-op")]);
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const [output = ""] = await client.newResults(sessionId, 1);
      const start = performance.now();
      const known = client.completed(sessionId, [output]);
      await client.submit(sessionId, [{ payloadId, outputs: [output] }]);
      await known;
      times.push(performance.now() - start);
    }
    const common = { unit: "ms", better: "less" } as const;
    return [
      {
        ...common,
        title: `round trip on an idle grid, p50 of ${count}`,
        target: { limit: 30 },
        value: percentile(times, 50),
      },
      {
        ...common,
        title: `round trip on an idle grid, p99 of ${count}`,
        target: { limit: 100 },
        value: percentile(times, 99),
      },
    ];
  },
};

// Small results downloaded, 16 calls in flight.
import { inFlight } from "../support/in-flight.ts";
import { count, type Work } from "../support/work.ts";

const IN_FLIGHT = 16;

export const downloads: Work = {
  key: "downloads",
  on: "running grid",
  async run({ client }, results) {
    const sessionId = await client.newSession();
    const blobs = Array.from({ length: results }, (_, i) => Buffer.from(`result ${i}`));
    const ids = await client.newData(sessionId, blobs);
    const start = performance.now();
    await inFlight(IN_FLIGHT, ids, async (resultId) => {
      for await (const _ of client.results.downloadResultData({ sessionId, resultId }));
    });
    const seconds = (performance.now() - start) / 1_000;
    return [
      {
        title: `${count(results)} small downloads, ${IN_FLIGHT} in flight`,
        unit: "/s",
        better: "more",
        target: { limit: 0.5, of: "R" },
        value: results / seconds,
      },
    ];
  },
};

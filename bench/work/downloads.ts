// Small results downloaded, 16 calls in flight. Results a second.
import type { BenchClient } from "../support/client.ts";

const IN_FLIGHT = 16;

export async function downloads(client: BenchClient, count: number): Promise<number> {
  const sessionId = await client.newSession();
  const blobs = Array.from({ length: count }, (_, i) => Buffer.from(`result ${i}`));
  const ids = await client.newData(sessionId, blobs);
  const start = performance.now();
  const left = ids.values();
  const lane = async () => {
    for (const resultId of left) {
      for await (const _ of client.results.downloadResultData({ sessionId, resultId }));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  return (count / (performance.now() - start)) * 1_000;
}

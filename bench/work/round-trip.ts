// One no-op task at a time on an idle grid: submit → result known. Milliseconds, sorted.
import type { BenchClient } from "../support/client.ts";

export async function roundTrips(client: BenchClient, count: number): Promise<number[]> {
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
  return times.sort((a, b) => a - b);
}

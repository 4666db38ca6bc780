// Bulk submission, metadata only: calls of 1,000 tasks whose payload never comes. Tasks a second.
import type { BenchClient } from "../support/client.ts";

export async function submission(client: BenchClient, count: number): Promise<number> {
  const sessionId = await client.newSession();
  const [payloadId = ""] = await client.newResults(sessionId, 1);
  const outputs = await client.newResults(sessionId, count);
  const definitions = outputs.map((output) => ({ payloadId, outputs: [output] }));
  const start = performance.now();
  await client.submit(sessionId, definitions);
  const rate = (count / (performance.now() - start)) * 1_000;
  await client.sessions.cancelSession({ sessionId });
  return rate;
}

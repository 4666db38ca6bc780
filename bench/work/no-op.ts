// Design shape "no-op tasks": one session, submit → last result known to the client. Tasks a second.
import type { BenchClient } from "../support/client.ts";

export async function noOp(client: BenchClient, count: number): Promise<number> {
  const sessionId = await client.newSession();
  const [payloadId = ""] = await client.newData(sessionId, [Buffer.from("no-op")]);
  const outputs = await client.newResults(sessionId, count);
  const start = performance.now();
  const known = client.completed(sessionId, outputs);
  await client.submit(
    sessionId,
    outputs.map((output) => ({ payloadId, outputs: [output] })),
  );
  await known;
  return (count / (performance.now() - start)) * 1_000;
}

// HtcMock's shape: levels of tasks, each task waiting for one of the level before. Tasks a second.
import type { BenchClient } from "../support/client.ts";

export async function levels(client: BenchClient, depth: number, width: number): Promise<number> {
  const sessionId = await client.newSession();
  const [payloadId = ""] = await client.newData(sessionId, [Buffer.from("no-op")]);
  const outputs = await client.newResults(sessionId, depth * width);
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
  return ((depth * width) / (performance.now() - start)) * 1_000;
}

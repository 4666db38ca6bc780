// R: unary gRPC calls a second between two Node processes, 64 in flight.
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { WorkerDefinition } from "../../src/gen/worker_service.ts";
import type { Scope } from "../support/scope.ts";
import { connect, unary } from "../support/unary.ts";

const IN_FLIGHT = 64;
const SERVER = join(import.meta.dirname, "echo-server.ts");

export async function bareRate(scope: Scope, forMs: number): Promise<number> {
  const child = scope.start([process.execPath, SERVER], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = (await once(child.stdout as Readable, "data")) as [Buffer];
  const client = connect(`127.0.0.1:${Number(port)}`);
  const call = unary(client, WorkerDefinition, WorkerDefinition.methods.healthCheck);
  const run = async (ms: number): Promise<number> => {
    const end = performance.now() + ms;
    let calls = 0;
    const lane = async () => {
      while (performance.now() < end) {
        await call({});
        calls++;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    return calls;
  };
  await run(500);
  const started = performance.now();
  const calls = await run(forMs);
  const rate = (calls / (performance.now() - started)) * 1_000;
  client.close();
  await scope.end(child);
  return rate;
}

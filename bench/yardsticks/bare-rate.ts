// R: unary gRPC calls a second between two Node processes, 64 in flight.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { WorkerDefinition } from "../../src/gen/worker_service.ts";
import { connect, unary } from "../support/unary.ts";

const IN_FLIGHT = 64;

export async function bareRate(forMs: number): Promise<number> {
  const child = spawn(process.execPath, [new URL("echo-server.ts", import.meta.url).pathname], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [port] = (await once(child.stdout, "data")) as [Buffer];
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
  child.kill();
  await once(child, "exit");
  return rate;
}

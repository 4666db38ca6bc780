// F: tasks a second that agents without storage get out of the same workers over the same sockets.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { findMemoryFolder } from "../../src/main/dev/memory-folder.ts";
import type { Scope } from "../support/scope.ts";

const here = (file: string): string => join(import.meta.dirname, file);

/** Runs `workers` pairs of stand-in agent and no-op worker at once; answers their total rate. */
export async function protocolFloor(scope: Scope, workers: number, forMs: number): Promise<number> {
  // Where the grid has its run folder, so that both pay the same for files.
  const folder = scope.folder("floor", findMemoryFolder());
  const rates = await Promise.all(
    Array.from({ length: workers }, (_, i) => onePair(scope, join(folder, `${i}`), forMs)),
  );
  rmSync(folder, { recursive: true, force: true });
  return rates.reduce((sum, rate) => sum + rate, 0);
}

async function onePair(scope: Scope, folder: string, forMs: number): Promise<number> {
  const worker = join(folder, "worker.sock");
  const agent = join(folder, "agent.sock");
  const data = join(folder, "data");
  mkdirSync(data, { recursive: true });
  const program = scope.start([process.execPath, here("../support/no-op-worker.ts")], {
    stdio: "inherit",
    env: {
      ...process.env,
      ComputePlane__WorkerChannel__Address: worker,
      ComputePlane__AgentChannel__Address: agent,
    },
  });
  const standIn = scope.start(
    [process.execPath, here("stand-in-agent.ts"), worker, agent, data, `${forMs}`],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const rate = Number(await text(standIn.stdout as Readable));
  await Promise.all([scope.end(program), scope.end(standIn)]);
  return rate;
}

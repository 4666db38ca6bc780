// F: tasks a second that agents without storage get out of the same workers over the same sockets.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { findMemoryFolder } from "../../src/main/dev/memory-folder.ts";

const here = (file: string): string => new URL(file, import.meta.url).pathname;

/** Runs `workers` pairs of stand-in agent and no-op worker at once; answers their total rate. */
export async function protocolFloor(workers: number, forMs: number): Promise<number> {
  // Where the grid has its run folder, so that both pay the same for files.
  const folder = mkdtempSync(join(findMemoryFolder() ?? tmpdir(), "floor-"));
  try {
    const rates = await Promise.all(
      Array.from({ length: workers }, (_, i) => onePair(join(folder, `${i}`), forMs)),
    );
    return rates.reduce((sum, rate) => sum + rate, 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onePair(folder: string, forMs: number): Promise<number> {
  const worker = join(folder, "worker.sock");
  const agent = join(folder, "agent.sock");
  const data = join(folder, "data");
  mkdirSync(data, { recursive: true });
  const child = spawn(process.execPath, [here("../support/no-op-worker.ts")], {
    stdio: "inherit",
    env: {
      ...process.env,
      ComputePlane__WorkerChannel__Address: worker,
      ComputePlane__AgentChannel__Address: agent,
    },
  });
  const standIn = spawn(
    process.execPath,
    [here("stand-in-agent.ts"), worker, agent, data, `${forMs}`],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const rate = Number(await text(standIn.stdout));
  child.kill();
  await once(child, "exit");
  return rate;
}

import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { QueueOptions } from "../../src/adaptors/queue.ts";

/** Has another process receive `count` messages, kills it without warning, answers their tasks. */
export async function holdInKilledProcess(
  options: QueueOptions,
  partition: string,
  count: number,
): Promise<string[]> {
  const holder = fork(
    join(import.meta.dirname, "queue-holder.ts"),
    [JSON.stringify(options), partition, String(count)],
    { execArgv: [] },
  );
  const exited = once(holder, "exit");
  try {
    const died = exited.then(([code]) => {
      throw new Error(`the holder of deliveries exited with ${code}`);
    });
    const [tasks] = (await Promise.race([once(holder, "message"), died])) as [string[]];
    return tasks;
  } finally {
    holder.kill("SIGKILL");
    await exited;
  }
}

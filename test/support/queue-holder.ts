// A process of its own that receives messages and acknowledges none: its arguments are the options
// of the queue, the partition, and how many to take. It tells its parent their tasks, and waits.
import { openQueue, type QueueOptions } from "../../src/adaptors/queue.ts";
import { partitionId } from "../../src/domain/ids.ts";

const [options = "", partition = "", count = ""] = process.argv.slice(2);
const queue = await openQueue(JSON.parse(options) as QueueOptions);
const tasks: string[] = [];
while (tasks.length < Number(count)) {
  const deliveries = await queue.receive(
    partitionId(partition),
    Number(count) - tasks.length,
    AbortSignal.timeout(60_000),
  );
  tasks.push(...deliveries.map(({ message }) => message.taskId));
}
process.send?.(tasks);
// Keeps the channel, and with it the process, open.
process.on("message", () => {});

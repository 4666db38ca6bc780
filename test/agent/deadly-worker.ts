// A worker process that kills itself in each task, as a crash in native code would.
import { openTestWorker } from "./worker.ts";

const [workerSocket = "", agentSocket = ""] = process.argv.slice(2);

await openTestWorker({ agentSocket, workerSocket }, async () => {
  process.kill(process.pid, "SIGKILL");
  return undefined;
});

// Usage: temporal-download.ts FOLDER VERSION. Lets Temporal's SDK download its CLI into the folder.
import { TestWorkflowEnvironment } from "@temporalio/testing";

const [downloadDir, version] = process.argv.slice(2);
if (!downloadDir || !version) throw new Error("usage: temporal-download.ts FOLDER VERSION");

// The SDK downloads only what it is about to start.
const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: "cached-download", downloadDir, version } },
});
await environment.teardown();

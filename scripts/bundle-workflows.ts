// Bundles the workflows into the file that its argument names.
//
// A process of its own: bundling takes 300 MB, which would stay with the orchestrator for ever.
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bundleWorkflowCode, DefaultLogger } from "@temporalio/worker";

const file = process.argv[2];
if (!file) throw new Error("usage: bundle-workflows.ts FILE");

const workflowsPath = join(import.meta.dirname, "../src/workflows/index.ts");
const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger("WARN") });
await mkdir(dirname(file), { recursive: true });
// Aside first: another process may look for the file at any time.
const aside = `${file}.${process.pid}`;
await writeFile(aside, code);
await rename(aside, file);

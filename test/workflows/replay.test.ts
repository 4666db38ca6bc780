import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ReplayWorkerOptions, Worker } from "@temporalio/worker";
import { DeterminismViolationError } from "@temporalio/workflow";
import { beforeAll, describe, expect, it } from "vitest";
import { workflowBundle } from "../../src/orchestrator/workflow-bundle.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { installTemporalRuntime } from "../../src/temporal/runtime.ts";

const FOLDER = join(import.meta.dirname, "../histories");
const names = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
const read = (name: string): string => readFileSync(join(FOLDER, name), "utf8");

/** A session's state, carried whole, is the largest: under 2 kB (WF1). */
const LARGEST_BYTES = 2_048;

let options: ReplayWorkerOptions;
beforeAll(async () => {
  installTemporalRuntime(createLogger({ level: "silent", role: "test" }));
  options = { workflowBundle: { codePath: await workflowBundle() } };
}, 120_000);

describe("recorded sessions", () => {
  it.each(names)("%s goes on under today's workflow code", async (name) => {
    await Worker.runReplayHistory(options, JSON.parse(read(name)));
  });

  it.each(names)("I8: %s holds no payload that is larger than names and numbers", (name) => {
    const sizes: number[] = [];
    JSON.parse(read(name), (key, value) => {
      if (key === "data" && typeof value === "string")
        sizes.push(Buffer.from(value, "base64").length);
      return value;
    });
    expect(sizes.length).toBeGreaterThan(0);
    expect(Math.max(...sizes)).toBeLessThan(LARGEST_BYTES);
  });

  it("would not, if the code asked for another activity", async () => {
    const changed = read("session-small-1.json").replaceAll("runBatch", "walkBatch");
    await expect(Worker.runReplayHistory(options, JSON.parse(changed))).rejects.toThrow(
      DeterminismViolationError,
    );
  });
});

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    reporters: ["default", "./test/closing-line.ts"],
    projects: [
      { test: { name: "unit", include: ["test/{domain,config,proto,telemetry}/**/*.test.ts"] } },
      { test: { name: "contract", include: ["test/adaptors/**/*.test.ts"], testTimeout: 30_000 } },
      {
        test: {
          name: "service",
          include: ["test/{grpc,submitter,agent,lifecycle,main}/**/*.test.ts"],
          testTimeout: 30_000,
          // These kill and start processes with their own time limits: one file at a time, and
          // once more where a busy machine was too slow for a limit.
          fileParallelism: false,
          retry: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: "workflow",
          include: ["test/{workflows,temporal,activities}/**/*.test.ts"],
          testTimeout: 30_000,
          retry: 1,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          retry: 1,
          // A whole grid needs the machine to itself: after the other projects, not among them.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

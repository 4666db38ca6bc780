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
        },
      },
      {
        test: {
          name: "workflow",
          include: ["test/{workflows,activities}/**/*.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          // A whole grid needs the machine to itself: after the other projects, not among them.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

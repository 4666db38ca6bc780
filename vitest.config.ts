import { defineConfig } from "vitest/config";

/** No test may depend on the machine's speed: limits are there to end what hangs. */
const patient = {
  setupFiles: ["./test/support/patience.ts"],
  testTimeout: 120_000,
  hookTimeout: 120_000,
  expect: { poll: { timeout: 60_000 } },
};

export default defineConfig({
  test: {
    reporters: ["default", "./test/closing-line.ts"],
    projects: [
      {
        test: {
          ...patient,
          name: "unit",
          include: ["test/{domain,config,proto,structure,telemetry}/**/*.test.ts"],
        },
      },
      {
        test: { ...patient, name: "contract", include: ["test/{adaptors,lifecycle}/**/*.test.ts"] },
      },
      {
        test: {
          ...patient,
          name: "service",
          include: ["test/{grpc,submitter,agent,main,bench}/**/*.test.ts"],
          // These kill and start processes: one file at a time.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...patient,
          name: "workflow",
          include: ["test/{workflows,temporal,orchestrator}/**/*.test.ts"],
        },
      },
      {
        test: {
          ...patient,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          fileParallelism: false,
          // A whole grid needs the machine to itself: after the other projects, not among them.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

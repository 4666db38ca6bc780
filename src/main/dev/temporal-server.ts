import type { ChildSpec } from "./child.ts";
import { somebodyListens } from "./ports.ts";

export interface TemporalServerOptions {
  readonly program: string;
  readonly databaseFile: string;
  readonly port: number;
  readonly uiPort: number;
  readonly logFile: string;
  readonly env: ChildSpec["env"];
}

const HOST = "127.0.0.1";

const DYNAMIC_CONFIG = {
  // One shard polls its queue at most 20 times a second by default: 50 ms between any two steps.
  "history.transferProcessorMaxPollRPS": 1_000,
  "matching.numTaskqueueReadPartitions": 1,
  "matching.numTaskqueueWritePartitions": 1,
};

const flags = ({ databaseFile, port, uiPort }: TemporalServerOptions): string[] => [
  ...["server", "start-dev", "--ip", HOST, "--port", `${port}`, "--log-level", "error"],
  ...["--db-filename", databaseFile],
  // Without WAL a large session takes ten times as long; NORMAL survives the death of any process.
  ...["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"],
  ...["--ui-port", `${uiPort}`, "--ui-disable-news-fetch"],
  ...Object.entries(DYNAMIC_CONFIG).flatMap(([key, value]) => [
    "--dynamic-config-value",
    `${key}=${JSON.stringify(value)}`,
  ]),
];

/**
 * Temporal's development server.
 *
 * Its readiness is the open port: that it serves our namespace is the orchestrator's readiness.
 */
export const temporalServer = (options: TemporalServerOptions): ChildSpec => ({
  name: "temporal",
  address: `${HOST}:${options.port} (UI http://${HOST}:${options.uiPort})`,
  command: [options.program, ...flags(options)],
  env: options.env,
  logFile: options.logFile,
  graceMs: 6_000,
  isReady: () => somebodyListens({ host: HOST, port: options.port }),
});

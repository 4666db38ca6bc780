import { type LogMetadata, Runtime } from "@temporalio/worker";
import type { Logger } from "../telemetry/logger.ts";

type Level = "trace" | "debug" | "info" | "warn" | "error";

/** Values that do not survive JSON, and what only Temporal's own logger needs, stay out. */
const toFields = ({ timestampNanos: _, ...meta }: LogMetadata): object => {
  const { error, ...fields } = meta;
  return error === undefined ? fields : { ...fields, err: error };
};

/**
 * Makes Temporal's runtime write to our log. Once per process, before anything else of Temporal.
 *
 * The runtime's core writes below ERROR what is of no use to anybody: a terminated session is a
 * line with a full task token per watcher.
 */
export function installTemporalRuntime(log: Logger): void {
  const write = (level: Level) => (message: string, meta?: LogMetadata) => {
    log[level](toFields(meta ?? {}), message);
  };
  Runtime.install({
    logger: {
      log: (level, message, meta) =>
        write(level.toLowerCase() as Lowercase<typeof level>)(message, meta),
      trace: write("trace"),
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
    },
    telemetryOptions: { logging: { filter: "temporalio_sdk_core=ERROR", forward: {} } },
    // The process decides itself when to stop.
    shutdownSignals: [],
  });
}

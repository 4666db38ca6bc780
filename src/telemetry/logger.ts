import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from "pino";

export type { Logger } from "pino";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

interface LoggerOptions {
  readonly level: LogLevel;
  /** Which process of the grid speaks; on every line. */
  readonly role: string;
  /** Standard output unless given. */
  readonly stream?: DestinationStream;
}

/** JSON, one object a line. Ids are fields (`sessionId`, `taskId`), messages are constants. */
export const createLogger = ({ level, role, stream }: LoggerOptions): Logger =>
  pino(
    {
      level,
      base: { role, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream ?? destination(1),
  );

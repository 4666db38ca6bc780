import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { ObjectStorageOptions } from "../adaptors/object-storage.ts";
import { QueueOptions } from "../adaptors/queue.ts";
import { TableStorageOptions } from "../adaptors/table-storage.ts";
import { coerce, type Environment, overlay, toCanonical, toTree } from "./environment.ts";
import {
  AgentPollster,
  ComputePlane,
  InitServices,
  Log,
  Orchestrator,
  Pollster,
  SchedulingSection,
  Submitter,
  Temporal,
} from "./sections.ts";
import { toValidationErrors } from "./validation-errors.ts";

/** One folder holds everything of a grid on one machine. */
const EMBEDDED = { driver: "embedded", path: ".grid" } as const;

/** Whoever gives a part of it means the rest as well. */
function withEmbedded(given: unknown): unknown {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return given;
  const { driver = EMBEDDED.driver } = given as { driver?: unknown };
  return driver === EMBEDDED.driver ? { ...EMBEDDED, ...given } : given;
}

const stored = <O extends z.ZodType>(options: O) =>
  z.preprocess(withEmbedded, options).prefault(EMBEDDED as z.input<O>);

/** Everything that can be configured. Parts of it are passed down, never the whole. */
export const Config = z.strictObject({
  submitter: Submitter.prefault({}),
  orchestrator: Orchestrator.prefault({}),
  scheduling: SchedulingSection.prefault({}),
  pollster: Pollster.prefault({}),
  computePlane: ComputePlane.prefault({}),
  temporal: Temporal.prefault({}),
  tableStorage: stored(TableStorageOptions),
  objectStorage: stored(ObjectStorageOptions),
  queue: stored(QueueOptions),
  initServices: InitServices.prefault({}),
  log: Log.prefault({}),
});
export type Config = z.output<typeof Config>;

/** For the process that is an agent: it cannot do without a partition. */
const AgentConfig = Config.extend({
  pollster: z.preprocess((given) => given ?? {}, AgentPollster),
});
export type AgentConfig = z.output<typeof AgentConfig>;

export interface ConfigSource {
  readonly env: Environment;
  /** YAML; the environment wins over it. */
  readonly file?: string | undefined;
}

function readFile(file: string): unknown {
  try {
    // An empty file is an empty configuration.
    return parse(readFileSync(file, "utf8")) ?? {};
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Cannot read the configuration file ${file}: ${reason}`, { cause });
  }
}

function read<S extends z.ZodObject>(schema: S, { env, file }: ConfigSource): z.output<S> {
  const described = [z.toJSONSchema(schema, { io: "input" })];
  const fromFile = toCanonical(file ? readFile(file) : {}, described);
  const fromEnv = toCanonical(toTree(env, Object.keys(schema.shape)), described);
  const result = schema.safeParse(coerce(overlay(fromFile, fromEnv), described));
  if (result.success) return result.data;
  const errors = toValidationErrors(result.error, { fromEnv, fromFile, file });
  throw new Error(`Invalid configuration\n${errors}`);
}

/** @throws an error that lists every error. */
export const readConfig = (source: ConfigSource): Config => read(Config, source);

/** As `readConfig`, and demands what an agent needs. */
export const readAgentConfig = (source: ConfigSource): AgentConfig => read(AgentConfig, source);

const ours = (file = process.env["ARMONIK_CONFIG"]): ConfigSource => ({ env: process.env, file });

/** The configuration of this process: the file, else the one that `ARMONIK_CONFIG` names, and its environment. */
export const loadConfig = (file?: string): Config => readConfig(ours(file));

export const loadAgentConfig = (file?: string): AgentConfig => readAgentConfig(ours(file));

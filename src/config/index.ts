import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { ObjectStorageOptions } from "../adaptors/object-storage/index.ts";
import { QueueOptions } from "../adaptors/queue/index.ts";
import { TableStorageOptions } from "../adaptors/table-storage/index.ts";
import { coerce, type Environment, overlay, toTree } from "./environment.ts";
import {
  AgentPollster,
  ComputePlane,
  InitServices,
  Log,
  Orchestrator,
  Pollster,
  Submitter,
  Temporal,
} from "./sections.ts";

/** One folder holds everything of a grid on one machine. */
const EMBEDDED = { driver: "embedded", path: ".grid" } as const;

/** Everything that can be configured. Parts of it are passed down, never the whole. */
export const Config = z.strictObject({
  submitter: Submitter.prefault({}),
  orchestrator: Orchestrator.prefault({}),
  pollster: Pollster.prefault({}),
  computePlane: ComputePlane.prefault({}),
  temporal: Temporal.prefault({}),
  tableStorage: TableStorageOptions.prefault(EMBEDDED),
  objectStorage: ObjectStorageOptions.prefault(EMBEDDED),
  queue: QueueOptions.prefault(EMBEDDED),
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
  const given = overlay(file ? readFile(file) : {}, toTree(env, Object.keys(schema.shape)));
  const result = schema.safeParse(coerce(given, [z.toJSONSchema(schema, { io: "input" })]));
  if (result.success) return result.data;
  throw new Error(`Invalid configuration\n${z.prettifyError(result.error)}`);
}

/** @throws an error that lists every mistake. */
export const readConfig = (source: ConfigSource): Config => read(Config, source);

/** As `readConfig`, and insists on what an agent needs. */
export const readAgentConfig = (source: ConfigSource): AgentConfig => read(AgentConfig, source);

const ours = (): ConfigSource => ({ env: process.env, file: process.env["ARMONIK_CONFIG"] });

/** The configuration of this process: the file that `ARMONIK_CONFIG` names, and its environment. */
export const loadConfig = (): Config => readConfig(ours());

export const loadAgentConfig = (): AgentConfig => readAgentConfig(ours());

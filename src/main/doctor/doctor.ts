// `grid doctor`: what of the configuration does not work on this machine, and why.
import { accessSync, constants } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openObjectStorage } from "../../adaptors/object-storage.ts";
import { openQueue, type QueueStorage } from "../../adaptors/queue.ts";
import { openTableStorage } from "../../adaptors/table-storage.ts";
import { type Config, readConfig } from "../../config/index.ts";
import type { Machine } from "../../config/machine.ts";
import { openTemporal } from "../../temporal/connection.ts";
import { askReadiness } from "../dev/http-ready.ts";
import { findPorts } from "../dev/ports.ts";
import { reasonOf } from "../dev/start-error.ts";
import { type Place, placeOf } from "./places.ts";

/** Resolves with a remark if all is well. */
type Examination = () => Promise<string>;

const PATIENCE_MS = 5_000;

const impatient = async (): Promise<never> => {
  await sleep(PATIENCE_MS, undefined, { ref: false });
  throw new Error(`no answer in ${PATIENCE_MS / 1_000} s`);
};

interface Pingable extends AsyncDisposable {
  ping(): Promise<void>;
}

const pinging =
  <Service extends Pingable>(
    open: () => Promise<Service>,
    { where, name, advice }: Place,
    remark: (service: Service) => Promise<string> = async () => "",
  ): Examination =>
  async () => {
    try {
      await using service = await open();
      await service.ping();
      return `${name}${await remark(service)}`;
    } catch (cause) {
      throw new Error(`${where}: ${reasonOf(cause)}; ${advice}`, { cause });
    }
  };

/** What waits on the queues of the partitions that the configuration names, where it can be told. */
const toDepths =
  ({ submitter, pollster, initServices }: Config) =>
  async (queue: QueueStorage): Promise<string> => {
    const named = initServices.partitioning.partitions.map(({ partitionId }) => partitionId);
    const own = pollster.partitionId ? [pollster.partitionId] : [];
    let remark = "";
    for (const partition of new Set([submitter.defaultPartition, ...own, ...named])) {
      const waiting = (await queue.depth(partition))?.waiting ?? 0;
      if (waiting > 0) remark += `; ${waiting} waiting for agents of ${partition}`;
    }
    return remark;
  };

/** Temporal's native client tells what happened inside of how its own parts are nested. */
const toPlain = (reason: string): string => /message: "([^"]+)"/.exec(reason)?.[1] ?? reason;

async function examineTemporal({ temporal }: Config): Promise<string> {
  const { address, namespace } = temporal;
  try {
    await using opened = await openTemporal(temporal);
    await opened.connection.workflowService.describeNamespace({ namespace });
    return `${address}, namespace ${namespace}`;
  } catch (cause) {
    const reason = toPlain(reasonOf(cause));
    const advice =
      "start it, or set Temporal__Address and Temporal__Namespace (`grid dev` brings its own)";
    throw new Error(`${address}, namespace ${namespace}: ${reason}; ${advice}`, { cause });
  }
}

/** A taken port is well if it is a submitter that holds it. */
const examinePort =
  (port: number, httpPort: number, setting: string): Examination =>
  async () => {
    try {
      await findPorts([{ port, flag: setting }]);
      return `${port} is free`;
    } catch {
      const { ready, says } = await askReadiness(httpPort);
      if (ready) return `${port}: a submitter serves it`;
      throw new Error(
        `${port} is in use, and no submitter is ready on ${httpPort} (${says}): set ${setting} to a free port`,
      );
    }
  };

const examineFolder =
  (folder: string, setting: string): Examination =>
  async () => {
    try {
      accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
      return folder;
    } catch (cause) {
      const advice = `create ${folder} for this user, or set ${setting}`;
      throw new Error(`${reasonOf(cause)}: ${advice}`, { cause });
    }
  };

function examineAgent({ pollster, computePlane }: Config): Record<string, Examination> {
  if (!pollster.partitionId) return {};
  const { workerChannel, agentChannel } = computePlane;
  const sockets = Object.entries({ WorkerChannel: workerChannel, AgentChannel: agentChannel })
    .filter(([, { socketType }]) => socketType === "unixdomainsocket")
    .map(([name, { address }]): [string, Examination] => [
      `folder of the ${name === "WorkerChannel" ? "worker's" : "agent's"} socket`,
      examineFolder(dirname(address), `ComputePlane__${name}__Address`),
    ]);
  const cache = examineFolder(pollster.sharedCacheFolder, "Pollster__SharedCacheFolder");
  return { ...Object.fromEntries(sockets), "shared cache folder": cache };
}

const toExaminations = (config: Config): Record<string, Examination> => {
  const { tableStorage, objectStorage, queue, submitter } = config;
  const { port, httpPort } = submitter;
  return {
    "table storage": pinging(
      () => openTableStorage(tableStorage),
      placeOf(tableStorage, "TableStorage"),
    ),
    "object storage": pinging(
      () => openObjectStorage(objectStorage),
      placeOf(objectStorage, "ObjectStorage"),
    ),
    queue: pinging(() => openQueue(queue), placeOf(queue, "Queue"), toDepths(config)),
    temporal: () => examineTemporal(config),
    "submitter port": examinePort(port, httpPort, "Submitter__Port"),
    "submitter http port": examinePort(httpPort, httpPort, "Submitter__HttpPort"),
    ...examineAgent(config),
  };
};

/** Prints a line for each thing; answers whether all are well. */
export async function runDoctor(file: string | undefined, { env }: Machine): Promise<boolean> {
  let allWell = true;
  const report = async (name: string, examine: Examination): Promise<void> => {
    const line = await Promise.race([examine(), impatient()]).then(
      (remark) => `ok    ${name}: ${remark}`,
      (error: unknown) => {
        allWell = false;
        return `fail  ${name}: ${reasonOf(error).trim().replaceAll("\n", "\n      ")}`;
      },
    );
    process.stdout.write(`${line}\n`);
  };
  const source = { env, file: file ?? env["ARMONIK_CONFIG"] };
  let config: Config | undefined;
  await report("configuration", async () => {
    config = readConfig(source);
    return source.file ?? "defaults and environment";
  });
  for (const [name, examine] of Object.entries(config ? toExaminations(config) : {})) {
    await report(name, examine);
  }
  return allWell;
}

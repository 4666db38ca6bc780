/**
 * Real stores of a test's own, for tests of what acts on them: the one place that opens them.
 * Suites do not name a driver: see `drivers.ts`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openObjectStorage } from "../../src/adaptors/object-storage.ts";
import { openQueue } from "../../src/adaptors/queue.ts";
import { openTableStorage, type TableStorage } from "../../src/adaptors/table-storage.ts";
import {
  agentId,
  partitionId,
  type ResultId,
  resultId,
  type SessionId,
} from "../../src/domain/ids.ts";
import type { Result } from "../../src/domain/result.ts";
import { DEFAULT_SCHEDULING } from "../../src/domain/scheduling.ts";
import type { TaskDefinition } from "../../src/domain/task.ts";
import type { TaskOptions } from "../../src/domain/task-options.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import type { DyingTables } from "../contracts/table-storage/cuts/dying.ts";
import { chosenDriver } from "./drivers.ts";
import { resultIn, sessionRow, someBatch, taskIn } from "./rows.ts";

export const OPTIONS: TaskOptions = {
  options: {},
  maxDurationMs: 60_000,
  maxRetries: 2,
  priority: 1,
  partitionId: partitionId("default"),
  applicationName: "test",
  applicationVersion: "",
  applicationNamespace: "",
  applicationService: "",
  engineType: "",
};

export const AGENT = { agentId: agentId("agent-1"), hostname: "here" };

export interface TestStores extends Stores, AsyncDisposable {
  readonly path: string;
  /** Empties the queue, as an accident would: nobody is told. */
  purgeQueue(): Promise<void>;
  /** Keys of all objects, whether anybody names them or not. */
  storedObjects(): Promise<readonly string[]>;
  newSession(): Promise<SessionId>;
  newResult(session: SessionId, change?: Partial<Result>): Promise<ResultId>;
  newTask(session: SessionId, change: Partial<TaskDefinition>): TaskDefinition;
}

/** The tables of the driver that the suites run on; their verbs may be cut. */
export const openDying = (path: string): Promise<DyingTables> => chosenDriver().openDying(path);

/**
 * @param given the folder of others, whose data are to be shared as by another process.
 * @param others in place of the driver's own tables.
 */
export async function openStores(given?: string, others?: TableStorage): Promise<TestStores> {
  const path = given ?? (await mkdtemp(join(tmpdir(), "stores-")));
  const driver = chosenDriver();
  const tables = others ?? (await openTableStorage(driver.tables(path)));
  const objects = await openObjectStorage(driver.objects(path));
  const queue = await openQueue(driver.queue(path));
  return {
    path,
    tables,
    objects,
    queue,
    now: Date.now,
    monotonicNow: () => performance.now(),
    scheduling: DEFAULT_SCHEDULING,
    purgeQueue: () => driver.purgeQueue(path),
    storedObjects: () => driver.storedObjects(path),
    async newSession() {
      const row = sessionRow({ defaultOptions: OPTIONS, createdAt: Date.now() });
      await tables.sessions.create(row);
      return row.sessionId;
    },
    async newResult(session, change = {}) {
      const row = resultIn(session, { createdAt: Date.now(), ...change });
      await tables.results.create([row]);
      return row.resultId;
    },
    newTask: (session, change) =>
      taskIn(session, {
        payloadId: resultId("none"),
        batchId: someBatch(),
        expectedOutputIds: [],
        options: OPTIONS,
        createdAt: Date.now(),
        ...change,
      }),
    async [Symbol.asyncDispose]() {
      await queue[Symbol.asyncDispose]();
      await objects[Symbol.asyncDispose]();
      await tables[Symbol.asyncDispose]();
      if (given === undefined) await rm(path, { recursive: true, force: true });
    },
  };
}

/** Real embedded stores in a temporary folder, for tests of what acts on them. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openObjectStorage } from "../../src/adaptors/object-storage.ts";
import { openQueue } from "../../src/adaptors/queue.ts";
import { openTableStorage } from "../../src/adaptors/table-storage.ts";
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
import { resultIn, sessionRow, someBatch, taskIn } from "../contracts/table-storage/rows.ts";

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
  newSession(): Promise<SessionId>;
  newResult(session: SessionId, change?: Partial<Result>): Promise<ResultId>;
  newTask(session: SessionId, change: Partial<TaskDefinition>): TaskDefinition;
}

/** @param given the folder of others, whose data are to be shared as by another process. */
export async function openStores(given?: string): Promise<TestStores> {
  const path = given ?? (await mkdtemp(join(tmpdir(), "stores-")));
  const tables = await openTableStorage({ driver: "embedded", path });
  const objects = await openObjectStorage({ driver: "embedded", path, inlineBytes: 65_536 });
  const queue = await openQueue({ driver: "embedded", path });
  return {
    path,
    tables,
    objects,
    queue,
    now: Date.now,
    scheduling: DEFAULT_SCHEDULING,
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

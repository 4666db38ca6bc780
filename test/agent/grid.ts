// A grid small enough for one process: embedded stores in a temporary folder, and what a client and
// a control plane would do.

import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAllStores } from "../../src/adaptors/stores.ts";
import {
  batchId,
  partitionId,
  type ResultId,
  resultId,
  type SessionId,
  type TaskId,
  taskId,
} from "../../src/domain/ids.ts";
import { DEFAULT_SCHEDULING } from "../../src/domain/scheduling.ts";
import { ResultStatus } from "../../src/domain/status.ts";
import type { Task } from "../../src/domain/task.ts";
import type { TaskOptions } from "../../src/domain/task-options.ts";
import { admit } from "../../src/lifecycle/admit.ts";
import { refuse } from "../../src/lifecycle/roll-forward.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import { sessionRow } from "../support/rows.ts";
import { OPTIONS } from "../support/stores.ts";

export const PARTITION = partitionId("default");

export interface TestGrid extends AsyncDisposable {
  readonly folder: string;
  readonly stores: Stores;
  newSession(): Promise<SessionId>;
  /** Results without data, or completed with it. */
  newResults<const Data extends readonly (string | undefined)[]>(
    session: SessionId,
    data: Data,
  ): Promise<{ -readonly [I in keyof Data]: ResultId }>;
  submit<const Tasks extends readonly NewTask[]>(
    session: SessionId,
    tasks: Tasks,
  ): Promise<{ -readonly [I in keyof Tasks]: TaskId }>;
  task(id: TaskId): Promise<Task>;
  /** Its status, and its text if it has data. */
  result(id: ResultId): Promise<{ status: ResultStatus; text: string | undefined }>;
}

export interface NewTask {
  readonly payloadId: ResultId;
  readonly inputs?: readonly ResultId[];
  readonly outputs?: readonly ResultId[];
  readonly options?: Partial<TaskOptions>;
}

/** Opens stores in a folder; several processes may. */
export async function openStores(folder: string): Promise<Stores & AsyncDisposable> {
  const options = { driver: "embedded", path: join(folder, "data") } as const;
  const stores = await openAllStores({
    tableStorage: options,
    objectStorage: options,
    queue: options,
  });
  return {
    ...stores,
    now: Date.now,
    monotonicNow: () => performance.now(),
    scheduling: { ...DEFAULT_SCHEDULING, directDispatchLimit: 10_000 },
  };
}

export async function openTestGrid(): Promise<TestGrid> {
  const folder = mkdtempSync(join(tmpdir(), "agent-"));
  const stores = await openStores(folder);
  const { tables, objects } = stores;

  const text = async (id: ResultId): Promise<string | undefined> => {
    const [row] = await tables.results.get([id]);
    if (!row?.objectId) return undefined;
    return Buffer.concat(await Array.fromAsync(objects.get(row.objectId))).toString();
  };

  return {
    folder,
    stores,
    async newSession() {
      const row = sessionRow({ defaultOptions: OPTIONS, createdAt: Date.now() });
      await tables.sessions.create(row);
      return row.sessionId;
    },
    async newResults<const Data extends readonly (string | undefined)[]>(
      session: SessionId,
      data: Data,
    ) {
      const stored = await objects.putMany(
        data
          .filter((one) => one !== undefined)
          .map((one) => ({ origin: { sessionId: session }, data: Buffer.from(one) })),
      );
      const rows = data.map((one) => {
        const object = one === undefined ? undefined : stored.shift();
        return {
          ...{
            resultId: resultId(randomUUID()),
            sessionId: session,
            name: "",
            manualDeletion: false,
          },
          ...{ createdBy: "" as const, ownerTaskId: "" as const, createdAt: Date.now() },
          ...(object
            ? { status: ResultStatus.COMPLETED, completedAt: Date.now(), ...object }
            : { status: ResultStatus.CREATED, size: 0, objectId: "" as const }),
        };
      });
      await tables.results.create(rows);
      return rows.map((row) => row.resultId) as { -readonly [I in keyof Data]: ResultId };
    },
    async submit<const Tasks extends readonly NewTask[]>(session: SessionId, tasks: Tasks) {
      const batch = batchId(randomUUID());
      const definitions = tasks.map(({ payloadId, inputs = [], outputs = [], options }) => {
        const id = taskId(randomUUID());
        return {
          ...{ taskId: id, initialTaskId: id, sessionId: session, batchId: batch, payloadId },
          ...{ dataDependencies: inputs, expectedOutputIds: outputs },
          ...{ options: { ...OPTIONS, ...options }, parentTaskIds: [session], retryOfIds: [] },
          ...{ createdBy: "" as const, createdAt: Date.now(), crashCount: 0 },
        };
      });
      await tables.tasks.create(definitions);
      const batches = [{ batchId: batch, sessionId: session }];
      await refuse(
        stores,
        await admit(stores, { sessionId: session, tasks: definitions, batches }),
      );
      return definitions.map((one) => one.taskId) as { -readonly [I in keyof Tasks]: TaskId };
    },
    async task(id) {
      const [task] = await tables.tasks.get([id]);
      if (!task) throw new Error(`no task ${id}`);
      return task;
    },
    async result(id) {
      const [row] = await tables.results.get([id]);
      if (!row) throw new Error(`no result ${id}`);
      return { status: row.status, text: await text(id) };
    },
    async [Symbol.asyncDispose]() {
      await stores[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Task } from "../../domain/task.ts";
import { type Buffered, createBuffer } from "./buffer.ts";

/** Where the data folders of an agent are. */
export interface Place {
  /** Shared with the worker, under the same path. */
  readonly cacheFolder: string;
  /** The beginning of all their names: see leftover-folders.ts. */
  readonly folderMark: string;
}

/** One attempt of one task, from its acquisition to its commit, or until it is dropped or given back. */
export interface Attempt {
  /** As acquired: the number in it is this attempt's fencing token. */
  readonly task: Task;
  /** What the worker sends with each call; worthless after the attempt. */
  readonly token: string;
  /** Data folder, new for each attempt. */
  readonly folder: string;
  readonly buffer: Buffered;
  fetchedAt: number;
  startedAt: number;
  /** When the worker had answered; undefined if it never ran. */
  processedAt: number | undefined;
  /** On the monotonic clock: since when it waits for the worker. */
  waitsSince: number;
  /** Begun or not, and if it was, or failed before: its outcome is on its way to the store. */
  stage: "waiting" | "running" | "ended";
  /** It counts no more: another one took over, or the task was decided or paused. */
  revoked: boolean;
}

export function createAttempt(task: Task, { cacheFolder, folderMark }: Place): Attempt {
  // The folder has the name of the token, where programs for ArmoniK look for it.
  const token = `${folderMark}-${randomUUID()}`;
  return {
    ...{ task, token, folder: join(cacheFolder, token), buffer: createBuffer() },
    ...{ fetchedAt: 0, startedAt: 0, processedAt: undefined, waitsSince: 0 },
    ...{ stage: "waiting", revoked: false },
  };
}

/** For the log. */
export const idsOf = ({ task }: Attempt) => ({
  sessionId: task.sessionId,
  taskId: task.taskId,
  attempt: task.attempt,
});

export const keyOf = ({ task: { taskId, attempt } }: Attempt) => ({ taskId, attempt });

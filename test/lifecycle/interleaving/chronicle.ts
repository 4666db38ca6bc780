// What was seen while the actors were at it, and what of it must never be.

import type { Message } from "../../../src/adaptors/ports/queue.ts";
import type { AttemptKey, Decided, Decision } from "../../../src/adaptors/ports/table/tasks.ts";
import type { BatchInfo, TableStorage } from "../../../src/adaptors/table-storage.ts";
import type { BatchId, ResultId, TaskId } from "../../../src/domain/ids.ts";
import type { Result } from "../../../src/domain/result.ts";
import type { SessionStatusName } from "../../../src/domain/session-commands.ts";
import { isFinal, RESULT_MACHINE, ResultStatus, TaskStatus } from "../../../src/domain/status.ts";
import type { CommitRecord, Task } from "../../../src/domain/task.ts";

export interface Verdict {
  readonly attempt: number | undefined;
  readonly record: CommitRecord;
}

export interface Chronicle {
  /** Decisions that the store took, by task; a repetition by the same attempt is none. */
  readonly verdicts: ReadonlyMap<TaskId, readonly Verdict[]>;
  /** Everything that was ever put on the queue. */
  readonly published: readonly Message[];
  /** Batches that were closed, as they were then. */
  readonly closed: ReadonlyMap<BatchId, BatchInfo>;
  /** Worker calls, by task and attempt. */
  readonly calls: ReadonlyMap<string, number>;
  /** Tasks whose submission was answered with their ids. */
  readonly accepted: TaskId[];
  /** Tasks whose submission was answered with an error. */
  readonly refused: TaskId[];
  readonly complaints: string[];
  /** Was any verb? */
  readonly isCut: boolean;
  /** A worker call begins; `isHeld` says whether nobody takes its agent for dead. */
  begins(task: Task, isHeld: () => boolean): void;
  /** Somebody was answered that the session is so; undefined = that it may not be any more. */
  answered(status: SessionStatusName | undefined): void;
  /** Somebody was answered that what can be cancelled of these tasks is. */
  cancelled(taskIds: readonly TaskId[]): void;
  observe(verb: string, args: readonly unknown[], answer: unknown): Promise<void>;
  /** The same of a verb that was cut: what came of it is read from the store. */
  observeCut(verb: string, args: readonly unknown[]): Promise<void>;
  /** Looks whether a result that was final has changed. */
  look(): Promise<void>;
}

const MAKES_FINAL = new Set(
  ["complete", "publish", "abortOwned", "abortUnowned"].map((verb) => `tables.results.${verb}`),
);

const same = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

export function createChronicle(tables: TableStorage): Chronicle {
  const verdicts = new Map<TaskId, Verdict[]>();
  const published: Message[] = [];
  const complaints: string[] = [];
  const closed = new Map<BatchId, BatchInfo>();
  const results = new Map<ResultId, Pick<Result, "status" | "objectId"> | undefined>();
  const calls = new Map<string, number>();
  const callers = new Map<string, () => boolean>();
  const over = new Set<TaskId>();
  let session: SessionStatusName | undefined;
  let decidedBefore: ReadonlySet<TaskId> = new Set();

  const begins = (task: Task, isHeld: () => boolean): void => {
    const key = `${task.taskId}@${task.attempt}`;
    calls.set(key, (calls.get(key) ?? 0) + 1);
    callers.set(key, isHeld);
    // What was decided before is for whoever has cancelled it to wait for (CA1).
    if (session && !decidedBefore.has(task.taskId))
      complaints.push(`RS2: ${key} began in a session that is ${session}`);
    if (over.has(task.taskId)) complaints.push(`CA1: ${key} began and was cancelled`);
  };

  const cancelled = (taskIds: readonly TaskId[]): void => {
    for (const taskId of taskIds) {
      const some = verdicts.get(taskId) ?? [];
      if (some.some(({ record }) => record.outcome === "cancelled")) over.add(taskId);
    }
  };

  const paused = (attempts: readonly AttemptKey[], answers: readonly Decided[]): void => {
    for (const [i, { taskId, attempt }] of attempts.entries()) {
      const key = `${taskId}@${attempt}`;
      if (answers[i]?.ok && calls.has(key)) complaints.push(`RS2: ${key} was paused and had begun`);
    }
  };

  /** Cancelled as not started: the caller that has started it would work in vain. */
  const closedOut = ({ from }: Decision, { ok, taskId, attempt }: Decided): void => {
    const key = `${taskId}@${attempt}`;
    if (!ok || !from.includes(TaskStatus.DISPATCHED) || from.includes(TaskStatus.PROCESSING))
      return;
    if (callers.get(key)?.()) complaints.push(`RS2: ${key} was closed and had begun`);
  };

  const decided = (decisions: readonly Decision[], answers: readonly { ok: boolean }[]): void => {
    for (const [i, { taskId, attempt, record }] of decisions.entries()) {
      if (!answers[i]?.ok) continue;
      const known = verdicts.get(taskId) ?? [];
      const verdict = { attempt, record };
      if (!known.some((one) => same(one, verdict))) verdicts.set(taskId, [...known, verdict]);
    }
  };

  /** The rows as they are now: nobody else has acted since the verb was cut. */
  const decidedInPart = async (decisions: readonly Decision[]): Promise<void> => {
    const rows = await tables.tasks.get(decisions.map(({ taskId }) => taskId));
    const commits = new Map(rows.map(({ taskId, commit }) => [taskId, commit]));
    decided(
      decisions,
      decisions.map(({ taskId, record }) => ({
        ok: !verdicts.has(taskId) && same(commits.get(taskId), record),
      })),
    );
  };

  const look = async (): Promise<void> => {
    for (const { resultId, status, objectId } of await tables.results.get([...results.keys()])) {
      const before = results.get(resultId);
      const was = before?.status ?? ResultStatus.STAGED;
      const final = was === ResultStatus.COMPLETED || isFinal(RESULT_MACHINE, was);
      const now = { status, objectId };
      if ((final || was === ResultStatus.ABORTED) && !same(before, now))
        complaints.push(
          `I5: result ${resultId} went from ${JSON.stringify(before)} to ${JSON.stringify(now)}`,
        );
      results.set(resultId, now);
    }
  };

  const observers: Record<string, (first: never, answer: never) => void> = {
    "tables.tasks.decide": (decisions: Decision[], answers: Decided[]) => {
      decided(decisions, answers);
      for (const [i, decision] of decisions.entries()) {
        const answer = answers[i];
        if (answer && decision.attempt === undefined) closedOut(decision, answer);
      }
    },
    "tables.tasks.pauseAttempts": paused,
    "tables.batches.close": (_, infos: BatchInfo[]) => {
      for (const info of infos) closed.set(info.batchId, info);
    },
    "tables.results.create": (created: Result[]) => {
      for (const { resultId } of created) results.set(resultId, results.get(resultId));
    },
    "queue.publish": (messages: Message[]) => void published.push(...messages),
  };

  let isCut = false;

  return {
    get isCut() {
      return isCut;
    },
    ...{ verdicts, published, closed, complaints, calls, begins, cancelled, look },
    ...{ accepted: [], refused: [] },
    answered(status) {
      session = status;
      decidedBefore = new Set(verdicts.keys());
    },
    async observe(verb, [first], answer) {
      observers[verb]?.(first as never, answer as never);
      if (MAKES_FINAL.has(verb)) await look();
    },
    async observeCut(verb, [first]) {
      isCut = true;
      if (verb === "tables.tasks.decide") await decidedInPart(first as readonly Decision[]);
      if (verb === "tables.results.create") observers[verb]?.(first as never, undefined as never);
      if (MAKES_FINAL.has(verb)) await look();
    },
  };
}

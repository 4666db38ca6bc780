/**
 * Collects what attempts stored and never counts: objects and staged rows (I3).
 *
 *   DU1. Never an object that a committed record or a COMPLETED result names. Of a task's attempts
 *       these name the one that was decided `completed` and no other, so all others are dropped
 *       once that is known, and an attempt without a decision once it can commit no more.
 *   DU2. Both are final: what is read before may be acted on later, whatever is decided meanwhile.
 *   DU3. Part of carrying out a decision, so that whoever died in the middle is followed by others.
 *       What an attempt stores after it has lost, its own agent drops, when it is refused.
 */
import type { Attempts } from "../adaptors/ports/objects.ts";
import { type StageId, stageOf } from "../domain/ids.ts";
import { TaskStatus } from "../domain/status.ts";
import type { CommitRecord, Task } from "../domain/task.ts";
import { allOf } from "./all-of.ts";
import type { Stores } from "./stores.ts";

type Dropping = Pick<Stores, "tables" | "objects">;
type AttemptOf = Pick<Task, "sessionId" | "taskId" | "attempt">;
type DecidedAttempt = AttemptOf & { readonly commit: CommitRecord };

const hasWon = ({ outcome }: CommitRecord): boolean => outcome === "completed";

/** Drops what the attempts of decided tasks stored, but for those that were decided `completed`. */
export async function discardUncommitted(
  stores: Dropping,
  tasks: readonly DecidedAttempt[],
): Promise<void> {
  const failed = tasks.filter(({ attempt, commit }) => attempt > 0 && !hasWon(commit));
  const completed = tasks.filter(({ attempt, commit }) => attempt > 1 && hasWon(commit));
  await allOf([
    dropRows(stores, failed),
    dropObjects(stores, [
      ...failed.map(({ sessionId, taskId }) => ({ sessionId, taskId, except: undefined })),
      ...completed.map(({ sessionId, taskId, attempt }) => ({
        sessionId,
        taskId,
        except: attempt,
      })),
    ]),
  ]);
}

/** Drops what these attempts stored, if they can commit no more and have not done so. */
export async function dropAttempts(
  stores: Dropping,
  attempts: readonly AttemptOf[],
): Promise<void> {
  const tasks = await stores.tables.tasks.get(attempts.map(({ taskId }) => taskId));
  const current = new Map(tasks.map((task) => [task.taskId, task]));
  const lost = attempts.filter(({ taskId, attempt }) => {
    const task = current.get(taskId);
    return !task || task.attempt !== attempt || isOver(task);
  });
  await allOf([
    dropRows(stores, lost),
    dropObjects(
      stores,
      lost.map(({ sessionId, taskId, attempt }) => ({ sessionId, taskId, only: attempt })),
    ),
  ]);
}

/** Of the attempt that the task is at. */
const isOver = ({ status, commit }: Task): boolean =>
  commit ? !hasWon(commit) : status !== TaskStatus.DISPATCHED && status !== TaskStatus.PROCESSING;

async function dropObjects({ objects }: Dropping, attempts: readonly Attempts[]): Promise<void> {
  if (attempts.length > 0) await objects.dropAttempts(attempts);
}

/** Staged results, and subtasks that were not accepted. */
async function dropRows({ tables }: Dropping, attempts: readonly AttemptOf[]): Promise<void> {
  const stages = attempts.map(({ taskId, attempt }) => stageOf(taskId, attempt));
  await allOf([tables.results.dropStaged(stages), discardStaged(tables.tasks, stages)]);
}

async function discardStaged(
  tasks: Dropping["tables"]["tasks"],
  stages: readonly StageId[],
): Promise<void> {
  for (;;) {
    const page = await tasks.staged(stages, { limit: 1_000 });
    const creating = page.filter(({ status }) => status === TaskStatus.CREATING);
    if (creating.length === 0) return;
    await tasks.discard(creating.map((task) => task.taskId));
  }
}

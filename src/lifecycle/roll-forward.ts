/**
 * Carries out what was decided about tasks: from the commit record to the final status.
 *
 *   I3. Everything here can be read off the commit record and the attempt's staged rows, and every
 *       step is idempotent: whoever finds a PROCESSED task may roll it forward, as often as needed,
 *       two at once included. The final status is written last; only messages may be under way
 *       still, which are hints.
 *   RF1. A failure reaches all those who can never run, and nobody else: outputs that the task
 *       completed or delegated survive, as do siblings and other sessions.
 *   RF2. Steps that need nothing of each other share a round trip. One after the other are: results
 *       and then edges (D1); staged results and then the subtasks that name them; subtasks, who
 *       take outputs over, and then what their parent aborts (RF1); decisions about tasks that a
 *       failure reaches, or that have become ready, and then the final status.
 */
import { type ResultId, stageOf, type TaskId } from "../domain/ids.ts";
import { successorOf } from "../domain/retry.ts";
import type { CommitRecord, Task } from "../domain/task.ts";
import { accept, REFUSABLE, type Rejected, register } from "./admit.ts";
import { allOf } from "./all-of.ts";
import { discardUncommitted } from "./discard-uncommitted.ts";
import { publishReady, readGate, submitReady } from "./dispatch.ts";
import type { Stores } from "./stores.ts";
import { admitSubtasks, readSubtasks, type Subtasks } from "./subtasks.ts";

/** Tasks with their commit record, at the attempt that was decided. */
export type Decided = Task & { readonly commit: CommitRecord };

export const isDecided = (task: Task): task is Decided => task.commit !== undefined;

type With<O extends CommitRecord["outcome"]> = Decided & {
  readonly commit: Extract<CommitRecord, { outcome: O }>;
};

const withOutcome = <O extends CommitRecord["outcome"]>(tasks: readonly Decided[], outcome: O) =>
  tasks.filter((task): task is With<O> => task.commit.outcome === outcome);

/** Rolls forward the tasks and, wave by wave, those that their failure reaches. */
export async function rollForward(stores: Stores, tasks: readonly Decided[]): Promise<void> {
  for (let wave = tasks; wave.length > 0; ) wave = await carryOut(stores, wave);
}

/** Decides that these tasks cannot run, and carries that out. */
export async function refuse(stores: Stores, rejected: Rejected): Promise<void> {
  await rollForward(stores, await decideRefused(stores, rejected));
}

/** One wave; answers the tasks decided by its failures, to be carried out next. */
async function carryOut(stores: Stores, wave: readonly Decided[]): Promise<Decided[]> {
  const { tables, now } = stores;
  const [completed, retried, aborted] = await allOf([
    complete(stores, withOutcome(wave, "completed")),
    retry(stores, withOutcome(wave, "retried")),
    abortOutputs(stores, wave.filter(keepsItsOutputs)),
    discardUncommitted(stores, wave),
  ]);
  const [next, submitted] = await allOf([
    decideRefused(stores, [...completed.rejected, ...retried, ...aborted]),
    completed.submit(),
  ]);
  const taskIds = wave.map(({ taskId }) => taskId);
  await allOf([tables.tasks.finish(taskIds, now()), publishReady(stores, submitted)]);
  return next;
}

/** Nobody takes outputs over from it: no successor, no subtask. */
const keepsItsOutputs = ({ commit }: Decided): boolean =>
  commit.outcome === "completed" ? !commit.staged : commit.outcome !== "retried";

interface Completion {
  readonly rejected: Rejected;
  /** Submits the tasks that were waiting for nothing else; answers those to be put on the queue. */
  submit(): Promise<readonly Task[]>;
}

/** Makes the results of successful attempts visible, and their subtasks part of the session. */
async function complete(stores: Stores, tasks: readonly With<"completed">[]): Promise<Completion> {
  const { tables, now } = stores;
  const made = tasks.flatMap(({ commit }) => commit.results);
  const parents = tasks.filter(({ commit }) => commit.staged);
  const stages = parents.map(({ taskId, attempt }) => stageOf(taskId, attempt));
  const [subtasks, published] = await allOf([
    readSubtasks(stores, parents),
    tables.results.publish(stages),
    tables.results.complete(made, now()),
  ]);
  const results = [...made.map(({ resultId }) => resultId), ...published];
  const [submit, rejected] = await allOf([
    release(stores, tasks, results),
    handOver(stores, parents, subtasks),
  ]);
  return { submit, rejected };
}

/** Aborts what the parents have neither made nor left to their subtasks, once these have theirs. */
async function handOver(
  stores: Stores,
  parents: readonly With<"completed">[],
  subtasks: Subtasks,
): Promise<Rejected> {
  const rejected = await admitSubtasks(stores, subtasks);
  return [...rejected, ...(await abortOutputs(stores, parents))];
}

/** Makes the successors of retried tasks; they take over the outputs. */
async function retry(stores: Stores, tasks: readonly With<"retried">[]): Promise<Rejected> {
  const at = stores.now();
  const successors = tasks.map((task) => successorOf(task, task.commit.crashed, at));
  const admissions = [...Map.groupBy(successors, ({ sessionId }) => sessionId)].map(
    ([sessionId, some]) => ({ sessionId, tasks: some, batches: [] }),
  );
  const moves = successors.flatMap(({ taskId: to, createdBy: from, expectedOutputIds }) =>
    from === "" ? [] : expectedOutputIds.map((resultId) => ({ resultId, from, to })),
  );
  // Together: should we die here, the predecessor tells what is missing.
  const [edges] = await allOf([
    allOf(admissions.map((admission) => register(stores, admission))),
    stores.tables.tasks.create(successors),
    stores.tables.results.transfer(moves),
  ]);
  const rejected = admissions.map((admission, i) => accept(stores, admission, edges[i] ?? []));
  return (await allOf(rejected)).flat();
}

/**
 * Aborts what the tasks own and will never produce; a completed task may have left some out.
 * Answers the tasks that waited for it.
 */
async function abortOutputs({ tables, now }: Stores, tasks: readonly Decided[]): Promise<Rejected> {
  const owned = tasks.flatMap(({ taskId, expectedOutputIds, commit }) => {
    const made = new Set(
      commit.outcome === "completed" ? commit.results.map(({ resultId }) => resultId) : [],
    );
    const resultIds = expectedOutputIds.filter((id) => !made.has(id));
    return resultIds.length > 0 ? [{ taskId, resultIds }] : [];
  });
  const aborted = await tables.results.abortOwned(owned, now());
  const dependents = await tables.dependencies.dependents(aborted);
  return dependents.map((taskId) => ({ taskId, reason: "one of its inputs was aborted" }));
}

async function decideRefused({ tables, now }: Stores, rejected: Rejected): Promise<Decided[]> {
  const decisions = rejected.map(({ taskId, reason }) => ({
    taskId,
    from: REFUSABLE,
    record: { outcome: "error" as const, error: `Aborted: ${reason}` },
  }));
  const outcomes = await tables.tasks.decide(decisions, now());
  const ids = outcomes.filter(({ ok }) => ok).map(({ taskId }) => taskId);
  return (await tables.tasks.get(ids)).filter(isDecided);
}

/** Closes the edges of completed results; answers how to submit the tasks that became ready. */
async function release(
  stores: Stores,
  tasks: readonly Decided[],
  results: readonly ResultId[],
): Promise<Completion["submit"]> {
  if (results.length === 0) return async () => [];
  const closing = stores.tables.dependencies.close(results);
  const [only, ...others] = new Set(tasks.map(({ sessionId }) => sessionId));
  if (!only || others.length > 0) {
    const ready = await closing;
    return () => submitAll(stores, ready);
  }
  // Results and their dependents share a session: its gate is read beside.
  const [ready, gate] = await allOf([closing, readGate(stores, only)]);
  return () => submitReady(stores, gate, ready);
}

/** Submits tasks of several sessions. */
async function submitAll(stores: Stores, taskIds: readonly TaskId[]): Promise<readonly Task[]> {
  const tasks = await stores.tables.tasks.get(taskIds);
  const submissions = [...Map.groupBy(tasks, ({ sessionId }) => sessionId)].map(
    async ([sessionId, some]) => {
      const ready = some.map(({ taskId }) => taskId);
      return await submitReady(stores, await readGate(stores, sessionId), ready);
    },
  );
  return (await allOf(submissions)).flat();
}

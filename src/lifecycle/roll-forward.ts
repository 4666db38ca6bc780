/**
 * Carries out what was decided about tasks: from the commit record to the final status.
 *
 *   I3. Everything here can be read off the commit record and the attempt's staged rows, and every
 *       step is idempotent: whoever finds a PROCESSED task may roll it forward, as often as needed,
 *       two at once included. The final status is written last.
 *   F1. A failure reaches all those who can never run, and nobody else: outputs that the task
 *       completed or delegated survive, as do siblings and other sessions.
 */
import type { ResultId, SessionId, TaskId } from "../domain/ids.ts";
import { stageOf } from "../domain/ids.ts";
import { successorOf } from "../domain/retry.ts";
import type { CommitRecord, Task } from "../domain/task.ts";
import { admit, REFUSABLE, type Rejected } from "./admit.ts";
import { discardUncommitted } from "./discard-uncommitted.ts";
import { dispatchDirectly } from "./dispatch.ts";
import type { Stores } from "./stores.ts";
import { admitSubtasks } from "./subtasks.ts";

/** Tasks with their commit record, at the attempt that was decided. */
export type Decided = Task & { readonly commit: CommitRecord };

export const isDecided = (task: Task): task is Decided => task.commit !== undefined;

const withOutcome = <O extends CommitRecord["outcome"]>(tasks: readonly Decided[], outcome: O) =>
  tasks.filter(
    (task): task is Decided & { commit: Extract<CommitRecord, { outcome: O }> } =>
      task.commit.outcome === outcome,
  );

/** Rolls forward the tasks and, wave by wave, those that their failure reaches. */
export async function rollForward(stores: Stores, tasks: readonly Decided[]): Promise<void> {
  for (let wave = tasks; wave.length > 0; ) wave = await carryOut(stores, wave);
}

/** Decides that these tasks cannot run, and carries that out. */
export async function refuse(stores: Stores, rejected: Rejected): Promise<void> {
  await rollForward(stores, await decideRefused(stores, rejected));
}

/** One wave; answers the tasks decided by its failures, to be continued out next. */
async function carryOut(stores: Stores, wave: readonly Decided[]): Promise<Decided[]> {
  const { tables, now } = stores;
  const completed = await complete(stores, withOutcome(wave, "completed"));
  const retried = await retry(stores, withOutcome(wave, "retried"));
  const failed = wave.filter(({ commit }) => commit.outcome !== "retried");
  const aborted = await abortOutputs(stores, failed);
  const next = await decideRefused(stores, [
    ...completed.rejected,
    ...retried,
    ...(await dependentsOf(stores, aborted)),
  ]);
  await release(stores, wave, completed.results);
  await discardUncommitted(stores, wave);
  await tables.tasks.finish(
    wave.map(({ taskId }) => taskId),
    now(),
  );
  return next;
}

/** Makes the results of successful attempts visible, and their subtasks part of the session. */
async function complete(
  stores: Stores,
  tasks: readonly (Decided & { commit: { outcome: "completed" } })[],
): Promise<{ results: ResultId[]; rejected: Rejected }> {
  const { tables, now } = stores;
  const made = tasks.flatMap(({ commit }) => commit.results);
  await tables.results.complete(made, now());
  const results = made.map(({ resultId }) => resultId);
  const parents = tasks.filter(({ commit }) => commit.staged);
  const stages = parents.map(({ taskId, attempt }) => stageOf(taskId, attempt));
  const published = await tables.results.publish(stages);
  const rejected = await admitSubtasks(stores, parents);
  return { results: [...results, ...published], rejected };
}

/** Makes the successors of retried tasks; they take over the outputs. */
async function retry(
  stores: Stores,
  tasks: readonly (Decided & { commit: { outcome: "retried" } })[],
): Promise<Rejected> {
  const { tables, now } = stores;
  const at = now();
  const successors = tasks.map((task) => successorOf(task, task.commit.crashed, at));
  await tables.tasks.create(successors);
  await tables.results.transfer(
    successors.flatMap(({ taskId: to, createdBy: from, expectedOutputIds }) =>
      from === "" ? [] : expectedOutputIds.map((resultId) => ({ resultId, from, to })),
    ),
  );
  const bySession = Map.groupBy(successors, ({ sessionId }) => sessionId);
  const admissions = [...bySession].map(([sessionId, some]) =>
    admit(stores, { sessionId, tasks: some, batches: [] }),
  );
  return (await Promise.all(admissions)).flat();
}

/** Aborts what the tasks own and will never produce. A completed task may have left some out. */
async function abortOutputs(
  { tables, now }: Stores,
  tasks: readonly Decided[],
): Promise<ResultId[]> {
  const owned = tasks.flatMap(({ taskId, expectedOutputIds, commit }) => {
    const made = new Set(
      commit.outcome === "completed" ? commit.results.map(({ resultId }) => resultId) : [],
    );
    const resultIds = expectedOutputIds.filter((id) => !made.has(id));
    return resultIds.length > 0 ? [{ taskId, resultIds }] : [];
  });
  return await tables.results.abortOwned(owned, now());
}

async function dependentsOf({ tables }: Stores, aborted: readonly ResultId[]): Promise<Rejected> {
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

/** Closes the edges of completed results and dispatches the tasks that became ready. */
async function release(
  stores: Stores,
  wave: readonly Decided[],
  results: readonly ResultId[],
): Promise<void> {
  const ready = await stores.tables.dependencies.close(results);
  if (ready.length === 0) return;
  const sessions = new Set(wave.map(({ sessionId }) => sessionId));
  for (const [sessionId, ids] of await bySession(stores, sessions, ready)) {
    await dispatchDirectly(stores, sessionId, ids);
  }
}

/** Results and their dependents share a session; only a wave over several sessions needs to look. */
async function bySession(
  { tables }: Stores,
  sessions: ReadonlySet<SessionId>,
  taskIds: readonly TaskId[],
): Promise<Map<SessionId, TaskId[]>> {
  const [only] = sessions;
  if (sessions.size === 1 && only) return new Map([[only, [...taskIds]]]);
  const tasks = await tables.tasks.get(taskIds);
  return new Map(
    [...Map.groupBy(tasks, ({ sessionId }) => sessionId)].map(([id, some]) => [
      id,
      some.map(({ taskId }) => taskId),
    ]),
  );
}

// Every verb that writes, with several documents to write.
import { holderId } from "../../../../src/domain/ids.ts";
import { SessionStatus, TaskStatus } from "../../../../src/domain/status.ts";
import { completionOf, sessionRow } from "../../../support/rows.ts";
import { CANCELLED, COMPLETED, FAILED } from "../steps.ts";
import { AGENTS } from "./agent-verbs.ts";
import { BATCHES } from "./batch-verbs.ts";
import type { Cast } from "./cast.ts";
import { type CutVerb, lengthOf, verb } from "./cut-verb.ts";
import * as bring from "./prepare.ts";
import { USERS } from "./user-verbs.ts";

const T = TaskStatus;
const DATES = { fetchedAt: 14, startedAt: 15 };
const attemptsOf = ({ taskIds }: Cast) => taskIds.map((taskId) => ({ taskId, attempt: 1 }));
const okCount = (answers: readonly { ok: boolean }[]): number =>
  answers.filter(({ ok }) => ok).length;

const TASKS: Readonly<Record<string, CutVerb>> = {
  "tasks.create": verb({
    run: ({ tasks }, cast) => tasks.create(cast.tasks, { stage: cast.stage }),
  }),
  "tasks.accept": verb({
    prepare: bring.creating,
    run: ({ tasks }, { taskIds }) => tasks.accept(taskIds),
  }),
  "tasks.discard": verb({
    prepare: bring.creating,
    run: ({ tasks }, { taskIds }) => tasks.discard(taskIds),
  }),
  "tasks.expire": verb({
    prepare: bring.creating,
    run: ({ tasks }, { taskIds }) => tasks.expire(taskIds),
    reveal: ({ tasks }, { taskIds }) => tasks.accept(taskIds),
  }),
  "tasks.withdraw": verb({
    prepare: bring.pending,
    run: ({ tasks }, { taskIds }) => tasks.withdraw(taskIds),
    reveal: ({ tasks }, { taskIds }) => tasks.accept(taskIds),
  }),
  "tasks.submit": verb({
    prepare: bring.pending,
    run: ({ tasks }, { taskIds }) => tasks.submit(taskIds, 20),
    changed: lengthOf,
  }),
  "tasks.pause": verb({
    prepare: bring.submitted,
    run: ({ tasks }, { taskIds }) => tasks.pause(taskIds),
  }),
  "tasks.pauseSession": verb({
    prepare: bring.submitted,
    run: ({ tasks }, { session }) => tasks.pauseSession(session),
    changed: (count) => count,
  }),
  "tasks.pauseAttempts": verb({
    prepare: bring.acquired,
    run: ({ tasks }, cast) => tasks.pauseAttempts(attemptsOf(cast)),
    changed: okCount,
  }),
  "tasks.acquire": verb({
    prepare: bring.submitted,
    run: ({ tasks }, { taskIds, owner }) => tasks.acquire(taskIds, owner, 20),
    changed: lengthOf,
  }),
  "tasks.release, of tasks that run": verb({
    prepare: bring.running,
    run: ({ tasks }, cast) => tasks.release(attemptsOf(cast), 20),
    changed: okCount,
  }),
  "tasks.release, of lost tasks": verb({
    prepare: bring.acquired,
    run: ({ tasks }, cast) => tasks.release(attemptsOf(cast), 20, "lost"),
    changed: okCount,
  }),
  "tasks.start": verb({
    prepare: bring.acquired,
    run: ({ tasks }, cast) => tasks.start(attemptsOf(cast).map((key) => ({ ...key, ...DATES }))),
    changed: okCount,
  }),
  "tasks.decide, by the attempts": verb({
    prepare: bring.running,
    run: ({ tasks }, cast) =>
      tasks.decide(
        attemptsOf(cast).map((key) => ({ ...key, from: [T.PROCESSING], record: COMPLETED })),
        20,
      ),
  }),
  "tasks.decide, from outside": verb({
    prepare: bring.pending,
    run: ({ tasks }, { taskIds }) =>
      tasks.decide(
        taskIds.map((taskId) => ({ taskId, from: [T.PENDING], record: CANCELLED })),
        20,
      ),
    changed: okCount,
  }),
  "tasks.finish": verb({
    prepare: (tables, cast) => bring.decided(tables, cast, FAILED),
    run: ({ tasks }, { taskIds }) => tasks.finish(taskIds, 20),
  }),
};

const RESULTS: Readonly<Record<string, CutVerb>> = {
  "results.create": verb({ run: ({ results }, { outputs }) => results.create(outputs) }),
  "results.create, staged": verb({
    run: ({ results }, { outputs, stage }) => results.create(outputs, stage),
    reveal: ({ results }, { stage }) => results.publish([stage]),
  }),
  "results.publish": verb({
    prepare: bring.staged,
    run: ({ results }, { stages }) => results.publish(stages),
  }),
  "results.dropStaged": verb({
    prepare: bring.staged,
    run: ({ results }, { stages }) => results.dropStaged(stages),
    reveal: ({ results }, { stages }) => results.publish(stages),
  }),
  "results.claim": verb({
    prepare: bring.withOutputs,
    run: ({ results }, cast) => results.claim(bring.claimsOf(cast)),
  }),
  "results.transfer": verb({
    prepare: bring.claimed,
    run: ({ results }, cast) =>
      results.transfer(
        bring.claimsOf(cast).map(({ resultId, taskId: from }) => ({ resultId, from, to: "" })),
      ),
  }),
  "results.complete": verb({
    prepare: bring.withOutputs,
    run: ({ results }, { outputs }) => results.complete(outputs.map(completionOf), 20),
  }),
  "results.abortOwned": verb({
    prepare: bring.claimed,
    run: ({ results }, { tasks }) =>
      results.abortOwned(
        tasks.map((task) => ({ taskId: task.taskId, resultIds: task.expectedOutputIds })),
        20,
      ),
  }),
  "results.abortUnowned": verb({
    prepare: bring.withOutputs,
    run: ({ results }, { session }) => results.abortUnowned(session, 100, 20),
    changed: lengthOf,
  }),
  "results.delete": verb({
    prepare: async (tables, cast) => {
      await bring.withOutputs(tables, cast);
      await tables.results.complete(cast.outputs.map(completionOf), 19);
    },
    run: ({ results }, { resultIds }) => results.delete(resultIds),
  }),
};

const DEPENDENCIES: Readonly<Record<string, CutVerb>> = {
  "dependencies.add": verb({
    prepare: bring.pending,
    run: ({ dependencies }, { taskIds, resultIds }) =>
      dependencies.add(taskIds.map((taskId) => ({ taskId, resultIds }))),
  }),
  "dependencies.close": verb({
    prepare: bring.waiting,
    run: ({ dependencies }, { resultIds }) => dependencies.close(resultIds),
  }),
  sweep: verb({
    prepare: async (tables, cast) => {
      await bring.pending(tables, cast);
      await bring.cancelled(tables, cast);
      // Only edges are left: how many entries the feed has depends on who wrote them.
      await tables.sweep({ olderThanMs: 0 });
      await bring.edges(tables, cast);
    },
    run: (tables) => tables.sweep({ olderThanMs: 0 }),
  }),
};

const OTHERS: Readonly<Record<string, CutVerb>> = {
  "sessions.create": verb({
    run: ({ sessions }, { session }) => sessions.create(sessionRow({ sessionId: session })),
    isSingle: true,
  }),
  "sessions.change": verb({
    prepare: bring.session,
    run: ({ sessions }, { session }) =>
      sessions.change(session, [SessionStatus.RUNNING], { status: SessionStatus.PAUSED }),
    changed: ({ changed }) => (changed ? 1 : 0),
    isSingle: true,
  }),
  "sessions.remove": verb({
    prepare: bring.session,
    run: ({ sessions }, { session }) => sessions.remove(session),
    isSingle: true,
  }),
  "partitions.upsert": verb({
    run: (tables, { partitions }) => tables.partitions.upsert(partitions),
  }),
  "settings.keep": verb({
    run: ({ settings }, { session }) => settings.keep(session, { value: 1 }),
    reveal: ({ settings }, { session }) => settings.keep(session, { value: 2 }),
    isSingle: true,
  }),
  "settings.replace": verb({
    prepare: ({ settings }, { session }) => settings.keep(session, { value: 1 }),
    run: ({ settings }, { session }) => settings.replace(session, { value: 2 }),
    reveal: ({ settings }, { session }) => settings.keep(session, { value: 3 }),
    isSingle: true,
  }),
  probe: verb({ run: (tables) => tables.probe(), isSingle: true }),
  "leases.renew": verb({
    run: ({ leases }, { session }) => leases.renew(holderId(session), 60_000),
    isSingle: true,
  }),
  "leases.release": verb({
    prepare: ({ leases }, { session }) => leases.renew(holderId(session), 60_000),
    run: ({ leases }, { session }) => leases.release(holderId(session)),
    isSingle: true,
  }),
};

export const VERBS = {
  ...AGENTS,
  ...BATCHES,
  ...TASKS,
  ...RESULTS,
  ...DEPENDENCIES,
  ...USERS,
  ...OTHERS,
};

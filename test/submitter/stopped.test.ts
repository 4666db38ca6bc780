// I1, AD4: a submitter that is stopped for longer than its lease, wherever it is in a submission.
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ClientError, Status } from "nice-grpc";
import { afterAll, beforeAll, expect, it } from "vitest";
import { resultId, sessionId, taskId } from "../../src/domain/ids.ts";
import { ResultStatus } from "../../src/domain/status.ts";
import type { SubmitTasksRequest_TaskCreation as Creation } from "../../src/gen/tasks_common.ts";
import { type Address, toTarget } from "../../src/grpc/address.ts";
import { collectOrphans } from "../../src/lifecycle/orphans.ts";
import { openStores, type TestStores } from "../support/stores.ts";
import { connect } from "./open-grid.ts";
import { newPayload, newResults, newSession, submit } from "./steps.ts";
import type { StopAt } from "./stopping-submitter.ts";

const LEASE_MS = 150;
const LIMIT_MS = 50;
const PROGRAM = new URL("./stopping-submitter.ts", import.meta.url).pathname;

const resources = new AsyncDisposableStack();
let stores: TestStores;
let child: ReturnType<typeof fork>;
let clients: ReturnType<typeof connect>;
beforeAll(async () => {
  stores = resources.use(await openStores());
  child = fork(PROGRAM, [stores.path, `${LEASE_MS}`], { stdio: "inherit" });
  resources.defer(() => void child.kill("SIGKILL"));
  const [address] = (await once(child, "message")) as [Address];
  clients = connect(toTarget(address), resources);
});
afterAll(() => resources.disposeAsync());

const isStopped = (): boolean =>
  readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.startsWith("T") ?? false;

async function tell(at: StopAt): Promise<void> {
  const told = once(child, "message");
  child.send(at);
  await told;
}

/** Makes a call; when the submitter stops in it, it goes on after its tasks were collected. */
async function interrupt<T>(at: StopAt, work: () => Promise<T>) {
  await tell(at);
  let isOver = false;
  const settled = work().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  void settled.then(() => {
    isOver = true;
  });
  while (!isOver && !isStopped()) await sleep(5);
  const stopped = !isOver;
  if (stopped) {
    await sleep(LEASE_MS + LIMIT_MS);
    await collectOrphans(stores, LIMIT_MS);
    child.kill("SIGCONT");
  }
  const outcome = await settled;
  await tell({ call: 0, when: "before" });
  return { stopped, outcome };
}

/** Three tasks: one can go, one waits for it, one waits for an upload. */
async function newCreations(session: string): Promise<Partial<Creation>[]> {
  const [a = "", b = "", c = "", late = ""] = await newResults(clients, session, [
    ...["a", "b", "c", "late"],
  ]);
  const payloadId = await newPayload(clients, session);
  return [
    { payloadId, expectedOutputKeys: [a] },
    { payloadId, expectedOutputKeys: [b], dataDependencies: [a] },
    { payloadId, expectedOutputKeys: [c], dataDependencies: [late] },
  ];
}

const outputsOf = async (creations: readonly Partial<Creation>[]) => {
  const ids = creations.flatMap(({ expectedOutputKeys = [] }) => expectedOutputKeys);
  return (await stores.tables.results.get(ids.map(resultId))).map(({ ownerTaskId, status }) => ({
    ...{ ownerTaskId, status },
  }));
};

const tasksOf = async (session: string): Promise<number> => {
  const all = await Array.fromAsync(stores.tables.tasks.walk(sessionId(session)));
  return all.flat().length;
};

async function expectKept(ids: readonly string[], creations: readonly Partial<Creation>[]) {
  const tasks = await stores.tables.tasks.get(ids.map(taskId));
  expect(tasks.map((task) => task.taskId)).toEqual(ids);
  const { CREATED } = ResultStatus;
  expect(await outputsOf(creations)).toEqual(
    ids.map((ownerTaskId) => ({ ownerTaskId, status: CREATED })),
  );
}

/** Answers whether the submission was refused. */
async function submitStopped(session: string, at: StopAt) {
  const creations = await newCreations(session);
  const before = await tasksOf(session);
  const { stopped, outcome } = await interrupt(at, () => submit(clients, session, creations));
  if ("value" in outcome) {
    await expectKept(outcome.value, creations);
    return { stopped, refused: false };
  }
  const { error } = outcome;
  if (!(error instanceof ClientError)) throw error;
  expect(error.code).toBe(Status.UNAVAILABLE);
  expect(error.details).toContain("3 of its 3 tasks");
  expect(await tasksOf(session)).toBe(before);
  const free = { ownerTaskId: "", status: ResultStatus.CREATED };
  expect(await outputsOf(creations)).toEqual([free, free, free]);
  // What was refused may be submitted again.
  await expectKept(await submit(clients, session, creations), creations);
  return { stopped, refused: true };
}

async function stopEverywhere(session: string, when: StopAt["when"]) {
  const outcomes: boolean[] = [];
  for (let call = 1; ; call += 1) {
    const { stopped, refused } = await submitStopped(session, { call, when });
    if (!stopped) return outcomes;
    outcomes.push(refused);
  }
}

for (const when of ["before", "after"] as const) {
  for (const [kind, tasks] of [
    ["those that make batches", 0],
    ["those that join a batch", 100],
  ] as const) {
    it(`accepts submissions whole or not at all, ${kind}, stopped ${when} any call of its stores`, async () => {
      const session = await newSession(clients);
      const payloadId = await newPayload(clients, session);
      if (tasks > 0)
        await submit(
          clients,
          session,
          Array.from({ length: tasks }, () => ({ payloadId })),
        );
      const outcomes = await stopEverywhere(session, when);
      expect(outcomes.length).toBeGreaterThan(8);
      expect(new Set(outcomes)).toEqual(new Set([true, false]));
      const all = { olderThanMs: 0, limit: 1_000 };
      const left = await stores.tables.tasks.orphans(all);
      expect(left.map((task) => task.sessionId)).not.toContain(session);
    });
  }
}

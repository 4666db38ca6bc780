import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import type { TableStorage } from "../../../src/adaptors/table-storage.ts";
import { TaskStatus } from "../../../src/domain/status.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { bySession } from "./conditions.ts";
import {
  batchIn,
  idsOf,
  OPTIONS,
  partitionRow,
  resultIn,
  sessionRow,
  someAgent,
  someBatch,
  someHolder,
  someResult,
  someSession,
  someStage,
  someTask,
  taskIn,
  tasksIn,
} from "./rows.ts";
import { COMPLETED, finished, pending } from "./steps.ts";

const OWNER = { agentId: someAgent(), hostname: "host" };
const ATTEMPT = { taskId: someTask(), attempt: 1 };
const PAGE = { filter: [], page: 0, pageSize: 1 } as const;

type Use = (tables: TableStorage) => Promise<unknown>;

/** Every verb, with something to do. */
const USES: Readonly<Record<string, Use>> = {
  "sessions.create": ({ sessions }) => sessions.create(sessionRow()),
  "sessions.get": ({ sessions }) => sessions.get(someSession()),
  "sessions.list": ({ sessions }) => sessions.list({ ...PAGE, sort: [] }),
  "sessions.statuses": ({ sessions }) => sessions.statuses([someSession()]),
  "sessions.change": ({ sessions }) => sessions.change(someSession(), [1], {}),
  "sessions.remove": ({ sessions }) => sessions.remove(someSession()),
  "partitions.upsert": ({ partitions }) => partitions.upsert([partitionRow()]),
  "partitions.get": ({ partitions }) => partitions.get([OPTIONS.partitionId as never]),
  "partitions.list": ({ partitions }) =>
    partitions.list({ ...PAGE, sort: [{ field: "partitionId", descending: false }] }),
  "tasks.create": ({ tasks }) => tasks.create([taskIn(someSession())]),
  "tasks.accept": ({ tasks }) => tasks.accept([someTask()]),
  "tasks.discard": ({ tasks }) => tasks.discard([someTask()]),
  "tasks.expired": ({ tasks }) => tasks.expired({ olderThanMs: 0, limit: 1 }),
  "tasks.expire": ({ tasks }) => tasks.expire([someTask()]),
  "tasks.withdraw": ({ tasks }) => tasks.withdraw([someTask()]),
  "tasks.orphans": ({ tasks }) => tasks.orphans({ olderThanMs: 0, limit: 1 }),
  "tasks.staged": ({ tasks }) => tasks.staged([someStage()], { limit: 1 }),
  "tasks.get": ({ tasks }) => tasks.get([someTask()]),
  "tasks.list": ({ tasks }) =>
    tasks.list({ ...PAGE, sort: [{ field: "taskId", descending: false }] }),
  "tasks.applications": ({ tasks }) => tasks.applications({ ...PAGE, sort: [] }),
  "tasks.walk": ({ tasks }) => Array.fromAsync(tasks.walk(someSession())),
  "tasks.countByStatus": ({ tasks }) => tasks.countByStatus(bySession(someSession())),
  "tasks.roomBelow": ({ tasks }) => tasks.roomBelow(someSession(), 5),
  "tasks.isWaiting": ({ tasks }) => tasks.isWaiting(OPTIONS.partitionId as never, 0),
  "tasks.submit": ({ tasks }) => tasks.submit([someTask()], 1),
  "tasks.pause": ({ tasks }) => tasks.pause([someTask()]),
  "tasks.pauseAttempts": ({ tasks }) => tasks.pauseAttempts([ATTEMPT]),
  "tasks.pauseSession": ({ tasks }) => tasks.pauseSession(someSession()),
  "tasks.acquire": ({ tasks }) => tasks.acquire([someTask()], OWNER, 1),
  "tasks.release": ({ tasks }) => tasks.release([ATTEMPT], 1),
  "tasks.start": ({ tasks }) => tasks.start([{ ...ATTEMPT, fetchedAt: 1, startedAt: 1 }]),
  "tasks.decide": ({ tasks }) => tasks.decide([{ ...ATTEMPT, from: [], record: COMPLETED }], 1),
  "tasks.finish": ({ tasks }) => tasks.finish([someTask()], 1),
  "tasks.revoked": ({ tasks }) => tasks.revoked(someAgent(), [ATTEMPT]),
  "tasks.ownedBy": ({ tasks }) => tasks.ownedBy(someAgent()),
  "tasks.owners": ({ tasks }) => tasks.owners(),
  "tasks.ownersIn": ({ tasks }) => tasks.ownersIn(someSession(), [1]),
  "tasks.inBatches": ({ tasks }) => tasks.inBatches([someBatch()], { statuses: [1], limit: 1 }),
  "tasks.readyInBatches": ({ tasks }) => tasks.readyInBatches([someBatch()], 1),
  "tasks.inSession": ({ tasks }) => tasks.inSession(someSession(), [1], 1),
  "dependencies.add": ({ dependencies }) =>
    dependencies.add([{ taskId: someTask(), resultIds: [someResult()] }]),
  "dependencies.close": ({ dependencies }) => dependencies.close([someResult()]),
  "dependencies.ready": ({ dependencies }) => dependencies.ready([someTask()]),
  "dependencies.dependents": ({ dependencies }) => dependencies.dependents([someResult()]),
  "dependencies.openInBatches": ({ dependencies }) =>
    dependencies.openInBatches([{ batchId: someBatch() }], 1),
  "results.create": ({ results }) => results.create([resultIn(someSession())]),
  "results.publish": ({ results }) => results.publish([someStage()]),
  "results.dropStaged": ({ results }) => results.dropStaged([someStage()]),
  "results.get": ({ results }) => results.get([someResult()]),
  "results.list": ({ results }) =>
    results.list({ ...PAGE, sort: [{ field: "resultId", descending: false }] }),
  "results.walk": ({ results }) => Array.fromAsync(results.walk(someSession())),
  "results.claim": ({ results }) => results.claim([{ resultId: someResult(), taskId: someTask() }]),
  "results.transfer": ({ results }) =>
    results.transfer([{ resultId: someResult(), from: someTask(), to: "" }]),
  "results.complete": ({ results }) =>
    results.complete([{ resultId: someResult(), objectId: "o" as never, size: 1 }], 1),
  "results.abortOwned": ({ results }) =>
    results.abortOwned([{ taskId: someTask(), resultIds: [someResult()] }], 1),
  "results.delete": ({ results }) => results.delete([someResult()]),
  "results.abortUnowned": ({ results }) => results.abortUnowned(someSession(), 1, 1),
  "batches.add": ({ batches }) => batches.add([batchIn(someSession())]),
  "batches.join": ({ batches }) => batches.join(someBatch()),
  "batches.taskCount": ({ batches }) => batches.taskCount(someSession()),
  "batches.close": ({ batches }) => batches.close([{ sessionId: someSession(), batch: 1 }]),
  "batches.unannounced": ({ batches }) => batches.unannounced({ sessionId: someSession() }),
  "batches.announced": ({ batches }) => batches.announced(someSession(), 1),
  "batches.announceAgain": ({ batches }) => batches.announceAgain(someSession()),
  "batches.get": ({ batches }) => batches.get([{ sessionId: someSession(), batch: 1 }]),
  "batches.park": ({ batches }) => batches.park([{ sessionId: someSession(), batch: 1 }]),
  "batches.parked": ({ batches }) => batches.parked({ limit: 1 }),
  "batches.unparkReady": ({ batches }) => batches.unparkReady(),
  "batches.untold": ({ batches }) => batches.untold([{ sessionId: someSession(), batch: 1 }]),
  "counts.recount": ({ counts }) => counts.recount(someSession()),
  "batches.unparked": ({ batches }) => batches.unparked([{ sessionId: someSession(), batch: 1 }]),
  "agents.heartbeat": ({ agents }) =>
    agents.heartbeat({
      ...OWNER,
      partitionId: OPTIONS.partitionId as never,
      held: 0,
      idleMs: 0,
      checksDone: 0,
    }),
  "agents.get": ({ agents }) => agents.get([someAgent()]),
  "agents.requestChecks": ({ agents }) => agents.requestChecks([someAgent()]),
  "agents.list": ({ agents }) => agents.list(),
  "agents.remove": ({ agents }) => agents.remove(someAgent()),
  "leases.renew": ({ leases }) => leases.renew(someHolder(), 1),
  "leases.release": ({ leases }) => leases.release(someHolder()),
  "feed.open": ({ feed }) => feed.open(someSession(), new AbortController().signal),
  sweep: (tables) => tables.sweep({ olderThanMs: 60_000 }),
  probe: (tables) => tables.probe(),
  ping: (tables) => tables.ping(),
};

/** Every bulk verb, with nothing to do, and what it answers. */
const EMPTY: Readonly<Record<string, [Use, unknown]>> = {
  "sessions.statuses": [({ sessions }) => sessions.statuses([]), new Map()],
  "partitions.upsert": [({ partitions }) => partitions.upsert([]), undefined],
  "partitions.get": [({ partitions }) => partitions.get([]), []],
  "tasks.create": [({ tasks }) => tasks.create([]), undefined],
  "tasks.accept": [({ tasks }) => tasks.accept([]), []],
  "tasks.discard": [({ tasks }) => tasks.discard([]), undefined],
  "tasks.expire": [({ tasks }) => tasks.expire([]), []],
  "tasks.withdraw": [({ tasks }) => tasks.withdraw([]), []],
  "tasks.get": [({ tasks }) => tasks.get([]), []],
  "tasks.submit": [({ tasks }) => tasks.submit([], 1), []],
  "tasks.pause": [({ tasks }) => tasks.pause([]), undefined],
  "tasks.pauseAttempts": [({ tasks }) => tasks.pauseAttempts([]), []],
  "tasks.acquire": [({ tasks }) => tasks.acquire([], OWNER, 1), []],
  "tasks.release": [({ tasks }) => tasks.release([], 1), []],
  "tasks.start": [({ tasks }) => tasks.start([]), []],
  "tasks.decide": [({ tasks }) => tasks.decide([], 1), []],
  "tasks.finish": [({ tasks }) => tasks.finish([], 1), undefined],
  "tasks.staged": [({ tasks }) => tasks.staged([], { limit: 1 }), []],
  "tasks.revoked": [({ tasks }) => tasks.revoked(someAgent(), []), []],
  "tasks.inBatches": [
    ({ tasks }) => tasks.inBatches([someBatch()], { statuses: [], limit: 1 }),
    [],
  ],
  "tasks.inSession": [({ tasks }) => tasks.inSession(someSession(), [], 1), []],
  "tasks.readyInBatches": [({ tasks }) => tasks.readyInBatches([], 1), []],
  "dependencies.openInBatches": [({ dependencies }) => dependencies.openInBatches([], 1), []],
  "dependencies.add": [({ dependencies }) => dependencies.add([]), undefined],
  "dependencies.close": [({ dependencies }) => dependencies.close([]), []],
  "dependencies.ready": [({ dependencies }) => dependencies.ready([]), []],
  "dependencies.dependents": [({ dependencies }) => dependencies.dependents([]), []],
  "results.create": [({ results }) => results.create([]), undefined],
  "results.publish": [({ results }) => results.publish([]), []],
  "results.dropStaged": [({ results }) => results.dropStaged([]), undefined],
  "results.get": [({ results }) => results.get([]), []],
  "results.claim": [({ results }) => results.claim([]), undefined],
  "results.transfer": [({ results }) => results.transfer([]), undefined],
  "results.complete": [({ results }) => results.complete([], 1), []],
  "results.abortOwned": [({ results }) => results.abortOwned([], 1), []],
  "results.delete": [({ results }) => results.delete([]), []],
  "batches.add": [({ batches }) => batches.add([]), []],
  "batches.close": [({ batches }) => batches.close([]), []],
  "batches.park": [({ batches }) => batches.park([]), []],
  "batches.unparked": [({ batches }) => batches.unparked([]), undefined],
  "batches.untold": [({ batches }) => batches.untold([]), undefined],
  "batches.get": [({ batches }) => batches.get([]), []],
  "agents.get": [({ agents }) => agents.get([]), []],
  "agents.requestChecks": [({ agents }) => agents.requestChecks([]), new Map()],
};

export function operation({ open }: TableStoragePromises): void {
  it("answers every verb", async () => {
    const tables = await open();
    for (const [name, use] of Object.entries(USES)) {
      const outcome = use(tables);
      if (name === "sessions.change") await expect(outcome).rejects.toThrow();
      else await outcome;
    }
  });

  it("answers empty lists", async () => {
    const tables = await open();
    for (const [name, [use, answer]] of Object.entries(EMPTY))
      expect(await use(tables), name).toEqual(answer);
  });

  it("refuses its use after disposal, and is disposed twice without complaint", async () => {
    const tables = await open();
    await tables[Symbol.asyncDispose]();
    await tables[Symbol.asyncDispose]();
    for (const [name, use] of Object.entries(USES))
      await expect(use(tables), name).rejects.toMatchObject({ code: "ADAPTOR_CLOSED" });
  });

  it("completes or refuses what is in flight when it is disposed", async () => {
    const [leaving, stays] = [await open(), await open()];
    const tasks = tasksIn(someSession(), 30);
    const inFlight = Promise.allSettled(tasks.map((task) => pending(leaving, [task])));
    const creations = Promise.allSettled(tasks.map((task) => leaving.tasks.create([task])));
    await leaving[Symbol.asyncDispose]();
    for (const outcome of [...(await inFlight), ...(await creations)]) {
      if (outcome.status === "rejected")
        expect(outcome.reason).toMatchObject({ code: "ADAPTOR_CLOSED" });
    }
    const accepted = (await inFlight).flatMap(({ status }, i) =>
      status === "fulfilled" ? idsOf(tasks.slice(i, i + 1)) : [],
    );
    expect(idsOf(await stays.tasks.get(accepted))).toEqual(accepted);
    // What was stored and not accepted can be taken up by anyone.
    await pending(stays, tasks);
    expect(await stays.tasks.get(idsOf(tasks))).toHaveLength(tasks.length);
  });

  it("undoes nothing but the verb that failed", async () => {
    const tables = await open();
    const [good, other] = [sessionRow(), sessionRow()];
    const outcomes = await Promise.allSettled([
      tables.sessions.create(good),
      tables.sessions.change(someSession(), [1], {}),
      tables.sessions.create(other),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    const ids = [good.sessionId, other.sessionId];
    expect((await tables.sessions.statuses(ids)).size).toBe(2);
  });

  it("sweeps the edges of finished tasks, and of no others", async () => {
    const tables = await open();
    const session = someSession();
    const [done, young, waits] = [taskIn(session), taskIn(session), taskIn(session)];
    const input = someResult();
    const all = [done, young, waits];
    await tables.dependencies.add(all.map(({ taskId }) => ({ taskId, resultIds: [input] })));
    await finished(tables, [done]);
    await pending(tables, [waits, young]);
    const [decision] = [{ taskId: young.taskId, from: [TaskStatus.PENDING], record: COMPLETED }];
    // Sweeps may take their time, and look at the young one in all of it.
    const olderThanMs = 2_000;
    await sleep(olderThanMs);
    await tables.tasks.decide([decision], 7);
    await tables.tasks.finish([young.taskId], 7);
    await vi.waitFor(async () => {
      await tables.sweep({ olderThanMs });
      expect((await tables.dependencies.dependents([input])).sort()).toEqual(
        idsOf([young, waits]).sort(),
      );
    });
    expect(await tables.dependencies.ready([waits.taskId])).toEqual([]);
  });

  it("sweeps the edges of tasks that were discarded", async () => {
    const tables = await open();
    const task = taskIn(someSession());
    const input = someResult();
    await tables.tasks.create([task]);
    await tables.dependencies.add([{ taskId: task.taskId, resultIds: [input] }]);
    await tables.sweep({ olderThanMs: 60_000 });
    expect(await tables.dependencies.dependents([input])).toEqual([task.taskId]);
    await tables.tasks.discard([task.taskId]);
    await vi.waitFor(async () => {
      await tables.sweep({ olderThanMs: 60_000 });
      expect(await tables.dependencies.dependents([input])).toEqual([]);
    });
  });
}

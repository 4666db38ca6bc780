import { expect, it } from "vitest";
import { TaskStatus } from "../../../src/domain/status.ts";
import type { Task } from "../../../src/domain/task.ts";
import {
  idsOf,
  only,
  someAgent,
  someSession,
  someTask,
  taskIn,
  tasksIn,
} from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { acquired, COMPLETED, keyOf, running, submitted } from "./steps.ts";

const T = TaskStatus;

export function ownership({ open }: TableStoragePromises): void {
  it("knows who holds tasks", async () => {
    const tables = await open();
    const session = someSession();
    const [busy, idle] = [someAgent(), someAgent()];
    const tasks = await running(tables, tasksIn(session, 3), busy);
    const released = await acquired(tables, [taskIn(session)], idle);
    const [a, b, c] = tasks.map(keyOf);
    if (!a || !b || !c) throw new Error("three tasks run");
    const from = [T.PROCESSING];
    await tables.tasks.decide(
      [a, b].map((key) => ({ ...key, from, record: COMPLETED })),
      6,
    );
    await tables.tasks.finish([a.taskId], 7);
    await tables.tasks.release(released.map(keyOf), 8);

    const owned = await tables.tasks.ownedBy(busy);
    expect(idsOf(owned).sort()).toEqual([b.taskId, c.taskId].sort());
    expect(owned.map(({ commit }) => commit)).toContainEqual(COMPLETED);
    expect(await tables.tasks.ownedBy(idle)).toEqual([]);
    const owners = await tables.tasks.owners();
    expect(owners).toContain(busy);
    expect(owners).not.toContain(idle);
    expect(new Set(owners).size).toBe(owners.length);
    expect((await tables.tasks.get([a.taskId]))[0]?.ownerAgentId).toBe(busy);
  });

  it("names the agents that own tasks of a session in some statuses", async () => {
    const tables = await open();
    const [session, other] = [someSession(), someSession()];
    const [waits, runs, both, elsewhere] = [someAgent(), someAgent(), someAgent(), someAgent()];
    await acquired(tables, tasksIn(session, 2), waits);
    await running(tables, tasksIn(session, 2), runs);
    await acquired(tables, tasksIn(session, 1), both);
    await running(tables, tasksIn(session, 1), both);
    await acquired(tables, tasksIn(other, 1), elsewhere);
    await submitted(tables, tasksIn(session, 1));
    const ownersIn = async (...statuses: TaskStatus[]) =>
      (await tables.tasks.ownersIn(session, statuses)).sort();
    expect(await ownersIn(T.DISPATCHED)).toEqual([waits, both].sort());
    expect(await ownersIn(T.DISPATCHED, T.PROCESSING)).toEqual([waits, runs, both].sort());
    expect(await ownersIn(T.SUBMITTED)).toEqual([]);
    expect(await ownersIn()).toEqual([]);
  });

  it("tells an agent which of its attempts were taken from it", async () => {
    const tables = await open();
    const agent = someAgent();
    const tasks = await running(tables, tasksIn(someSession(), 4), agent);
    const [runs, cancelled, decided, finished] = tasks as [Task, Task, Task, Task];
    const paused = only(await acquired(tables, [taskIn(someSession())], agent));
    const from = [T.PROCESSING];
    await tables.tasks.decide(
      [
        { taskId: cancelled.taskId, from, record: { outcome: "cancelled", error: "" } },
        { ...keyOf(decided), from, record: COMPLETED },
        { ...keyOf(finished), from, record: COMPLETED },
      ],
      6,
    );
    await tables.tasks.finish([finished.taskId], 7);
    await tables.tasks.pauseAttempts([keyOf(paused)]);
    const keys = [...tasks, paused].map(keyOf);
    const old = { ...keyOf(runs), attempt: 0 };
    const unknown = { taskId: someTask(), attempt: 1 };
    expect(await tables.tasks.revoked(agent, [old, unknown, ...keys])).toEqual([
      old,
      unknown,
      ...[cancelled, finished, paused].map(keyOf),
    ]);
    expect(await tables.tasks.revoked(someAgent(), [keyOf(runs)])).toEqual([keyOf(runs)]);
  });
}

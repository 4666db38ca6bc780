import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { TaskStatus } from "../../../src/domain/status.ts";
import { idsOf, sessionRow, someResult, someSession, taskIn, tasksIn } from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";
import { COMPLETED, finished, pending } from "./steps.ts";
import { EMPTY, USES } from "./uses.ts";

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

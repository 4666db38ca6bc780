// What may begin of that which was acquired, and what a message leads to whose task is held.
import { expect, it } from "vitest";
import { acquire } from "../../src/agent/intake/acquire.ts";
import type { TaskId } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import { cancelTasks } from "../../src/lifecycle/cancel.ts";
import { toMessage } from "../../src/lifecycle/dispatch.ts";
import { toContext } from "./context.ts";
import { freshGrid, submitOne } from "./scene.ts";

const grid = freshGrid();

const messageOf = async (id: TaskId) => toMessage(await grid().task(id));

it("AQ3: begins nothing that was cancelled before we heard that we have it", async () => {
  const { stores } = grid();
  const { tasks } = stores.tables;
  const [cancelled, other] = [await submitOne(grid()), await submitOne(grid())];
  const slow: typeof tasks.acquire = async (...args) => {
    const won = await tasks.acquire(...args);
    await cancelTasks(stores, [cancelled.id], "enough");
    return won;
  };
  const tables = { ...stores.tables, tasks: { ...tasks, acquire: slow } };
  const context = toContext(grid(), { ...stores, tables });
  const messages = [await messageOf(cancelled.id), await messageOf(other.id)];
  const begins = await acquire(context, messages);
  expect(begins.map(({ task }) => task.taskId)).toEqual([other.id]);
  expect([...context.held]).toEqual(begins);
});

it("PO1: takes a task again that was dispatched again before its revoked attempt is gone", async () => {
  const { stores } = grid();
  const { id } = await submitOne(grid());
  const context = toContext(grid(), stores);
  const message = await messageOf(id);
  const [first] = await acquire(context, [message]);
  if (!first) throw new Error("nothing was acquired");
  expect(await acquire(context, [message])).toEqual([]);
  await stores.tables.tasks.pauseAttempts([first.task]);
  first.revoked = true;
  await stores.tables.tasks.submit([id], 1);
  const [second] = await acquire(context, [message]);
  expect(second?.task).toMatchObject({ status: TaskStatus.DISPATCHED, attempt: 2 });
});

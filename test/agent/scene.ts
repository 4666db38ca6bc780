import { afterEach, beforeEach, expect, vi } from "vitest";
import type { ResultId, SessionId, TaskId } from "../../src/domain/ids.ts";
import type { TaskStatus } from "../../src/domain/status.ts";
import type { Task } from "../../src/domain/task.ts";
import type { TaskOptions } from "../../src/domain/task-options.ts";
import { openTestGrid, type TestGrid } from "./grid.ts";

/** A fresh grid for each test of the file. */
export function freshGrid(): () => TestGrid {
  let grid: TestGrid | undefined;
  beforeEach(async () => {
    grid = await openTestGrid();
  });
  afterEach(() => grid?.[Symbol.asyncDispose]());
  return () => {
    if (!grid) throw new Error("the grid is there only while tests run");
    return grid;
  };
}

export interface Single {
  readonly session: SessionId;
  readonly payload: ResultId;
  readonly output: ResultId;
  readonly id: TaskId;
}

/** A session with one task, which has one output. */
export async function submitOne(
  grid: TestGrid,
  options: Partial<TaskOptions> = {},
  given?: SessionId,
): Promise<Single> {
  const session = given ?? (await grid.newSession());
  const [payload, output] = await grid.newResults(session, ["payload", undefined]);
  const [id] = await grid.submit(session, [{ payloadId: payload, outputs: [output], options }]);
  return { session, payload, output, id };
}

/** Waits until the task has the status. */
export const reaches = (grid: TestGrid, id: TaskId, status: TaskStatus): Promise<Task> =>
  vi.waitFor(
    async () => {
      const task = await grid.task(id);
      expect(task.status).toBe(status);
      return task;
    },
    { timeout: 60_000, interval: 10 },
  );

/** A promise and the way to resolve it. */
export const gate = () => Promise.withResolvers<void>();

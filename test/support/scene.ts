import { afterAll, beforeAll, expect, vi } from "vitest";
import type { SessionId, TaskId } from "../../src/domain/ids.ts";
import type { TaskStatus } from "../../src/domain/status.ts";
import { sessionWorkflowId } from "../../src/workflows/contracts.ts";
import {
  type Orchestration,
  type OrchestrationOptions,
  openOrchestration,
  startSession,
  stateOf,
  submit,
  times,
} from "./orchestration.ts";
import { openStores, type TestStores } from "./stores.ts";
import { openTestTemporal, type TestTemporal } from "./temporal-server.ts";

export interface Scene {
  readonly temporal: TestTemporal;
  readonly stores: TestStores;
  readonly grid: Orchestration;
}

/** How long a test waits for what a workflow does. */
export const PATIENCE = { timeout: 60_000, interval: 20 };

/** A Temporal server, stores and an orchestrator for the tests of one file; they go with them. */
export function openScene(
  options: OrchestrationOptions = {},
  settings: Parameters<typeof openTestTemporal>[0] = {},
): Scene {
  const resources = new AsyncDisposableStack();
  let opened: Scene | undefined;
  beforeAll(async () => {
    const temporal = resources.use(await openTestTemporal(settings));
    const stores = resources.use(await openStores());
    const grid = resources.use(await openOrchestration(stores, temporal, options));
    opened = { temporal, stores, grid };
  }, 60_000);
  afterAll(() => resources.disposeAsync());
  const scene = (): Scene => {
    if (!opened) throw new Error("the scene is there only while tests run");
    return opened;
  };
  return {
    get temporal() {
      return scene().temporal;
    },
    get stores() {
      return scene().stores;
    },
    get grid() {
      return scene().grid;
    },
  };
}

/** The session's workflow. */
export const handleOf = ({ temporal }: Scene, id: SessionId) =>
  temporal.client.workflow.getHandle(sessionWorkflowId(id));

/** In the order of the ids. */
export const statusesOf = async (
  { stores }: Pick<Scene, "stores">,
  ids: readonly TaskId[],
): Promise<TaskStatus[]> => (await stores.tables.tasks.get(ids)).map(({ status }) => status);

/** A session with `count` tasks, which its workflow knows of. */
export async function withTasks({ temporal, stores, grid }: Scene, count: number) {
  const id = await startSession(stores, grid);
  const tasks = await submit(stores, id, times(count, {}));
  grid.announcer.submitted(id);
  await vi.waitFor(async () => expect((await stateOf(temporal, id)).tasks).toBe(count), PATIENCE);
  return { id, tasks };
}

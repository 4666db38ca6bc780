import { afterAll, beforeAll, expect, it } from "vitest";
import { type AgentId, agentId, batchId, partitionId, sessionId } from "../../src/domain/ids.ts";
import { createUnservedPartitions } from "../../src/orchestrator/supervision/unserved-partitions.ts";
import { sessionRow } from "../support/rows.ts";
import { openStores, type TestStores } from "../support/stores.ts";

let stores: TestStores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

const OPEN = { open: 3, pending: 1, completed: 0, failed: 0 };
const GPU = partitionId("gpu");
const CPU = partitionId("cpu");

async function batchOn(...partitionIds: (typeof GPU)[]) {
  const session = { ...sessionRow(), partitionIds };
  await stores.tables.sessions.create(session);
  const { sessionId } = session;
  return { sessionId, batch: 1, batchId: batchId("b"), isOpen: true, progress: OPEN };
}

const heartbeat = (id: AgentId, partition: typeof GPU) =>
  stores.tables.agents.heartbeat({
    ...{
      agentId: id,
      partitionId: partition,
      hostname: "h",
      process: "p",
      held: 0,
      idleMs: 0,
      checksDone: 0,
    },
  });

it("names partitions that no agent serves, until one does", async () => {
  const info = await batchOn(GPU);
  const unserved = createUnservedPartitions(stores.tables, 0);
  await unserved.look([info]);
  expect(unserved.waitsOf(info)).toBe("for agents: none serves partition gpu");
  await heartbeat(agentId("one"), GPU);
  await unserved.look([info]);
  expect(unserved.waitsOf(info)).toBeUndefined();
});

it("is careful where only some of the session's partitions have no agents", async () => {
  await heartbeat(agentId("two"), GPU);
  const info = await batchOn(GPU, CPU);
  const unserved = createUnservedPartitions(stores.tables, 0);
  await unserved.look([info]);
  expect(unserved.waitsOf(info)).toBe("perhaps for agents: none serves partition cpu");
});

it("says nothing of batches that wait for inputs, nor of sessions that it does not know", async () => {
  const info = await batchOn(CPU);
  const unserved = createUnservedPartitions(stores.tables, 0);
  await unserved.look([info]);
  expect(unserved.waitsOf({ ...info, progress: { ...OPEN, pending: 3 } })).toBeUndefined();
  expect(unserved.waitsOf({ ...info, sessionId: sessionId("unknown") })).toBeUndefined();
});

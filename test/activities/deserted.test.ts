import { afterAll, beforeAll, expect, it } from "vitest";
import { createDeserted } from "../../src/activities/deserted.ts";
import { type AgentId, agentId, batchId, partitionId, sessionId } from "../../src/domain/ids.ts";
import { sessionRow } from "../contracts/table-storage/rows.ts";
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
  return { sessionId, batch: 1, batchId: batchId("b"), progress: OPEN };
}

const beat = (id: AgentId, partition: typeof GPU) =>
  stores.tables.agents.beat({
    ...{ agentId: id, partitionId: partition, hostname: "h", process: "p", held: 0 },
  });

it("names partitions that no agent serves, until one does", async () => {
  const info = await batchOn(GPU);
  const deserted = createDeserted(stores.tables, 0);
  await deserted.look([info]);
  expect(deserted.waitsOf(info)).toBe("for agents: none serves partition gpu");
  await beat(agentId("one"), GPU);
  await deserted.look([info]);
  expect(deserted.waitsOf(info)).toBeUndefined();
});

it("is careful where only some of the session's partitions have no agents", async () => {
  await beat(agentId("two"), GPU);
  const info = await batchOn(GPU, CPU);
  const deserted = createDeserted(stores.tables, 0);
  await deserted.look([info]);
  expect(deserted.waitsOf(info)).toBe("perhaps for agents: none serves partition cpu");
});

it("says nothing of batches that wait for inputs, nor of sessions that it does not know", async () => {
  const info = await batchOn(CPU);
  const deserted = createDeserted(stores.tables, 0);
  await deserted.look([info]);
  expect(deserted.waitsOf({ ...info, progress: { ...OPEN, pending: 3 } })).toBeUndefined();
  expect(deserted.waitsOf({ ...info, sessionId: sessionId("unknown") })).toBeUndefined();
});

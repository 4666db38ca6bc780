// Records what sessions look like to Temporal into test/histories, for the replay test.
//
// Histories are only ever added: an old one proves that sessions started by an older version still
// go on under this one. A new recording gets the next number.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { historyToJSON } from "@temporalio/common/lib/proto-utils.js";
import type { SessionId } from "../../src/domain/ids.ts";
import { sessionWorkflowId } from "../../src/workflows/contracts.ts";
import {
  type Orchestration,
  openOrchestration,
  startSession,
  stateOf,
  submit,
  times,
} from "../support/orchestration.ts";
import { OK, openStandInAgent } from "../support/stand-in-agent.ts";
import { OPTIONS, openStores, type TestStores } from "../support/stores.ts";
import { openTestTemporal, type TestTemporal } from "../support/temporal-server.ts";

const FOLDER = join(import.meta.dirname, "../histories");

interface Scene {
  readonly stores: TestStores;
  readonly temporal: TestTemporal;
  readonly grid: Orchestration;
  readonly id: SessionId;
}

const handleOf = ({ temporal, id }: Scene, runId?: string) =>
  temporal.client.workflow.getHandle(sessionWorkflowId(id), runId);

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}

async function submitted(scene: Scene, changes: Parameters<typeof submit>[2], soFar = 0) {
  const { stores, grid, id, temporal } = scene;
  const tasks = await submit(stores, id, changes, soFar);
  grid.announcer.submitted(id);
  const total = soFar + changes.length;
  await until(async () => (await stateOf(temporal, id)).tasks >= total);
  return tasks;
}

const allDone = ({ temporal, id }: Scene) =>
  until(async () => {
    const { tasks, completed, failed } = await stateOf(temporal, id);
    return completed + failed === tasks;
  });

const BAD = { options: { ...OPTIONS, applicationName: "bad" } };

/** An agent whose bad tasks fail and whose slow ones take some time. */
const agentOf = ({ stores }: Scene) =>
  openStandInAgent(stores, {
    run: async ({ options }) => {
      if (options.applicationName === "slow") await sleep(2_500);
      return options.applicationName === "bad" ? { outcome: "error", error: "no luck" } : OK;
    },
  });

const SLOW = { options: { ...OPTIONS, applicationName: "slow" } };

/** Each ends when what it shows has happened; a session that still runs may be recorded as well. */
const SCENES: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
  async small(scene) {
    await using _agent = await agentOf(scene);
    await submitted(scene, [{}, BAD, {}]);
    await allDone(scene);
  },
  async batched(scene) {
    await using _agent = await agentOf(scene);
    await submitted(scene, times(2_000, {}));
    await submitted(scene, times(3_000, {}), 2_000);
    await allDone(scene);
  },
  async paused(scene) {
    const { grid, id } = scene;
    await submitted(scene, [{}, {}]);
    await grid.workflows.control(id, "pause");
    await handleOf(scene).signal("pause");
    await handleOf(scene).signal("unheard-of");
    await using _agent = await agentOf(scene);
    await handleOf(scene).signal("resume");
    await allDone(scene);
  },
  async closed(scene) {
    await using _agent = await agentOf(scene);
    await submitted(scene, [SLOW, {}]);
    const { grid, id } = scene;
    await grid.workflows.control(id, "stopSubmission", { client: true, worker: false });
    await grid.workflows.control(id, "close");
    await handleOf(scene).result();
  },
  async cancelled(scene) {
    await submitted(scene, [{}, {}]);
    await scene.grid.workflows.control(scene.id, "cancel");
    await handleOf(scene).result();
  },
  async "cancelled-natively"(scene) {
    await submitted(scene, [{}]);
    await handleOf(scene).cancel();
    await until(async () => (await handleOf(scene).describe()).status.name === "CANCELLED");
  },
  async parked(scene) {
    const input = await scene.stores.newResult(scene.id);
    await submitted(scene, [{ dataDependencies: [input] }]);
    await until(async () => (await stateOf(scene.temporal, scene.id)).parked.length === 1);
    await using _agent = await agentOf(scene);
    await scene.stores.tables.dependencies.close([input]);
    await allDone(scene);
  },
  /** Two runs: the first hands an open batch over to the second. */
  async continued(scene) {
    await using _agent = await agentOf(scene);
    const { runId } = await handleOf(scene).describe();
    let count = 0;
    await submitted(scene, [SLOW], count++);
    while ((await handleOf(scene).describe()).runId === runId) {
      await submitted(scene, [{}], count++);
    }
    await allDone(scene);
    return runId;
  },
};

/** The next number that nothing recorded before has. */
function fileOf(what: string): string {
  const pattern = new RegExp(`^session-${what}-(\\d+)\\.json$`);
  const numbers = readdirSync(FOLDER).map((name) => Number(pattern.exec(name)?.[1] ?? 0));
  return join(FOLDER, `session-${what}-${Math.max(0, ...numbers) + 1}.json`);
}

/** Which process on which machine it was is nobody's business. */
const ROOT = join(import.meta.dirname, "../..");
const anonymous = (history: string): string =>
  history
    .replaceAll(/("identity":\s*)"[^"]*"/g, '$1"recorder"')
    .replaceAll(`file://${ROOT}/`, "")
    .replaceAll(`${ROOT}/`, "");

async function save(what: string, scene: Scene, runId?: string): Promise<void> {
  const history = await handleOf(scene, runId).fetchHistory();
  writeFileSync(fileOf(what), `${anonymous(historyToJSON(history))}\n`);
}

const suggest = { "limit.historyCount.suggestContinueAsNew": 40 };
for (const [what, play] of Object.entries(SCENES)) {
  await using temporal = await openTestTemporal(what === "continued" ? suggest : {});
  await using stores = await openStores();
  await using grid = await openOrchestration(stores, temporal, { parkAfterMs: 500 });
  const scene = { stores, temporal, grid, id: await startSession(stores, grid) };
  const firstRun = await play(scene);
  if (typeof firstRun === "string") await save(`${what}-first-run`, scene, firstRun);
  await save(what, scene);
  process.stdout.write(`recorded ${what}\n`);
}

/** What somebody sees who looks at a session through Temporal: its UI and its command line. */
import { defaultPayloadConverter } from "@temporalio/common";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { SessionId } from "../../src/domain/ids.ts";
import { RULES, SESSION_COMMANDS } from "../../src/domain/session-commands.ts";
import { cancelTasks } from "../../src/lifecycle/cancel.ts";
import {
  openBatchesQuery,
  partitionAttribute,
  sessionWorkflowId,
  statusAttribute,
} from "../../src/workflows/contracts.ts";
import { activitiesOf, startSession, submit, times } from "../support/orchestration.ts";
import { handleOf, openScene, PATIENCE } from "../support/scene.ts";
import { OK, openStandInAgent } from "../support/stand-in-agent.ts";
import { OPTIONS } from "../support/stores.ts";

const LONG = 90_000;
const app = (applicationName: string) => ({ options: { ...OPTIONS, applicationName } });

const scene = openScene();
const resources = new AsyncDisposableStack();

beforeAll(async () => {
  resources.use(
    await openStandInAgent(scene.stores, {
      run: async ({ options: { applicationName } }) => {
        if (applicationName === "held") return "held";
        return applicationName === "bad" ? { outcome: "error", error: "division by zero" } : OK;
      },
    }),
  );
}, 120_000);
afterAll(() => resources.disposeAsync());

interface Interaction {
  readonly name: string;
  readonly description: string;
}
/** Of the reserved query, as JSON. */
interface Metadata {
  readonly currentDetails: string;
  readonly definition: {
    readonly queryDefinitions: readonly Interaction[];
    readonly signalDefinitions: readonly Interaction[];
    readonly updateDefinitions: readonly Interaction[];
  };
}
const metadataOf = (id: SessionId) =>
  handleOf(scene, id).query<Metadata>("__temporal_workflow_metadata");
const descriptions = (all: readonly Interaction[]) =>
  Object.fromEntries(all.map(({ name, description }) => [name, description]));

const pendingOf = async (id: SessionId) => {
  const { raw } = await handleOf(scene, id).describe();
  return (raw.pendingActivities ?? []).map(({ activityId, heartbeatDetails }) => {
    const [details] = heartbeatDetails?.payloads ?? [];
    return { activityId, heartbeat: details && defaultPayloadConverter.fromPayload(details) };
  });
};

async function submitted(...changes: Parameters<typeof submit>[2][]) {
  const id = await startSession(scene.stores, scene.grid);
  const tasks = [];
  for (const some of changes) {
    tasks.push(...(await submit(scene.stores, id, some, tasks.length)));
    scene.grid.announcer.submitted(id);
  }
  return { id, tasks };
}

describe("a session in the Temporal UI", () => {
  it("says what it is, and offers each verb by name and description, as signal and as update", async () => {
    const { id } = await submitted([]);
    const { definition } = await metadataOf(id);
    const verbs = Object.fromEntries(
      SESSION_COMMANDS.map((verb) => [verb, RULES[verb].description]),
    );
    expect(descriptions(definition.updateDefinitions)).toEqual(verbs);
    expect(descriptions(definition.signalDefinitions)).toMatchObject(verbs);
    expect(descriptions(definition.queryDefinitions)).toMatchObject({
      session: "Status, batches and counters",
      openBatches: "Batches supervised now",
    });
    const description = await handleOf(scene, id).describe();
    expect(await description.staticSummary()).toBe("session on default");
    expect(await description.staticDetails()).toContain("pause, resume, close or cancel");
  });

  it("is found by status and partition, also when its start was lost", async () => {
    const id = await scene.stores.newSession();
    await submit(scene.stores, id, [app("held")]);
    scene.grid.announcer.submitted(id);
    const query = `GridSessionStatus = "Running" AND GridPartition = "default" AND WorkflowId = "${sessionWorkflowId(id)}"`;
    await vi.waitFor(async () => {
      expect(await Array.fromAsync(scene.temporal.client.workflow.list({ query }))).toHaveLength(1);
    }, PATIENCE);
    const { typedSearchAttributes: attributes, staticSummary } = await handleOf(
      scene,
      id,
    ).describe();
    expect(attributes.get(statusAttribute)).toBe("Running");
    expect(attributes.get(partitionAttribute)).toBe("default");
    expect(await staticSummary()).toBe("session on default");
  });

  it("writes search attributes only when its status changes", async () => {
    const { id } = await submitted([app("good")]);
    await scene.grid.workflows.control(id, "stopSubmission", { client: true, worker: false });
    await scene.grid.workflows.control(id, "pause");
    await scene.grid.workflows.control(id, "resume");
    const { events } = await handleOf(scene, id).fetchHistory();
    const upserts = events?.filter((e) => e.upsertWorkflowSearchAttributesEventAttributes);
    expect(upserts).toHaveLength(2);
    const records = (await activitiesOf(scene.temporal, id)).map(({ summary }) => summary);
    expect(records).toEqual(expect.arrayContaining(["record: Paused", "record: Running"]));
  });

  it("shows which task failed and why: in its activity, and in the current details", async () => {
    const { id, tasks } = await submitted([{}, app("bad")]);
    const failure = `task ${tasks[1]} failed: division by zero`;
    await vi.waitFor(async () => {
      const ends = (await activitiesOf(scene.temporal, id)).map(({ summary, end }) => [
        summary,
        end,
      ]);
      expect(ends).toEqual([
        [tasks[0], "ok"],
        [tasks[1], failure],
      ]);
    }, PATIENCE);
    const { currentDetails } = await metadataOf(id);
    expect(currentDetails).toContain("**Running**: 1 completed, 1 failed of 2 tasks");
    expect(currentDetails).toContain(`Last failure: ${failure}`);
  });

  it(
    "shows batches with their progress when it is large, and what failed in them",
    async () => {
      const { id, tasks } = await submitted([
        ...[...times(697, {}), ...times(2, app("held"))],
        app("bad"),
      ]);
      await vi.waitFor(async () => {
        const progress = { completed: 43, failed: 1, open: 2, pending: 0, attempt: 1 };
        expect(await pendingOf(id)).toEqual([
          { activityId: expect.stringMatching(/^batch-\d+$/), heartbeat: progress },
        ]);
      }, PATIENCE);
      const [open] = await handleOf(scene, id).query(openBatchesQuery);
      expect((await metadataOf(id)).currentDetails).toContain("1 batch open");
      await cancelTasks(scene.stores, tasks, "enough");
      await vi.waitFor(async () => {
        const { currentDetails } = await metadataOf(id);
        expect(currentDetails).toContain("697 completed, 3 failed of 700 tasks");
        expect(currentDetails).toContain("division by zero (and 2 more)");
      }, PATIENCE);
      expect(await activitiesOf(scene.temporal, id)).toContainEqual({
        ...{ activityId: `batch-${open}`, summary: `batch ${open}`, end: "ok" },
      });
    },
    LONG,
  );
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type OpenGrid, openGrid } from "./open-grid.ts";
import { refusalOf } from "./refusal.ts";

async function* none() {}
const consume = async (stream: AsyncIterable<unknown>) => {
  for await (const _ of stream);
};

type Call = (grid: OpenGrid) => Promise<unknown>;

const NOT_YET: Record<string, Call> = {
  "Sessions/ListSessions": ({ sessions }) => sessions.listSessions({}),
  "Sessions/PurgeSession": ({ sessions }) => sessions.purgeSession({}),
  "Sessions/DeleteSession": ({ sessions }) => sessions.deleteSession({}),
  "Results/GetOwnerTaskId": ({ results }) => results.getOwnerTaskId({}),
  "Results/DeleteResultsData": ({ results }) => results.deleteResultsData({}),
  "Results/ImportResultsData": ({ results }) => results.importResultsData({}),
  "Results/WatchResults": ({ results }) => consume(results.watchResults(none())),
  "Applications/ListApplications": ({ applications }) => applications.listApplications({}),
  "Authentication/GetCurrentUser": ({ authentication }) => authentication.getCurrentUser({}),
  "Submitter/GetServiceConfiguration": ({ submitter }) => submitter.getServiceConfiguration({}),
  "Submitter/CreateLargeTasks": ({ submitter }) => submitter.createLargeTasks(none()),
  "Submitter/TryGetResultStream": ({ submitter }) => consume(submitter.tryGetResultStream({})),
  "Submitter/WaitForCompletion": ({ submitter }) => submitter.waitForCompletion({}),
};

describe("the control plane", () => {
  let grid: OpenGrid;
  beforeAll(async () => {
    grid = await openGrid();
  });
  afterAll(() => grid[Symbol.asyncDispose]());

  it.each(Object.entries(NOT_YET))("says that %s is not available yet", async (name, call) => {
    expect(await refusalOf(call(grid))).toEqual({
      status: "UNIMPLEMENTED",
      details: `Not available yet: ${name}`,
    });
  });

  it("tells its versions", async () => {
    expect(await grid.versions.listVersions({})).toEqual({ core: "1.2.3", api: "3.4.5" });
  });

  it("lists and shows partitions", async () => {
    const sort = {
      direction: 2,
      field: { field: { $case: "partitionRawField", value: { field: 1 } } },
    } as const;
    const filters = { or: [] };
    const list = await grid.partitions.listPartitions({ page: 0, pageSize: 1, filters, sort });
    expect(list).toMatchObject({ total: 2, page: 0, pageSize: 1 });
    expect(list.partitions.map(({ id }) => id)).toEqual(["other"]);
    const { partition } = await grid.partitions.getPartition({ id: "default" });
    expect(partition).toMatchObject({ id: "default", podMax: 10, priority: 1 });
  });

  it("reports the health of each store, and its own by the standard protocol", async () => {
    const { services } = await grid.healthChecks.checkHealth({});
    const well = (name: string) => ({ name, message: "", healthy: 1 });
    expect(services).toEqual([well("database"), well("object"), well("queue")]);
    expect((await grid.grpcHealth.check({ service: "" })).status).toBe(1);
  });

  it("reports a store that is away", async () => {
    await using sick = await openGrid();
    await sick.stores.queue[Symbol.asyncDispose]();
    const { services } = await sick.healthChecks.checkHealth({});
    expect(services.map(({ name, healthy }) => [name, healthy])).toEqual([
      ["database", 1],
      ["object", 1],
      ["queue", 3],
    ]);
    expect(services[2]?.message).not.toBe("");
  });
});

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { HealthDefinition } from "nice-grpc-server-health";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AgentDefinition } from "../../src/gen/agent_service.ts";
import { WorkerDefinition } from "../../src/gen/worker_service.ts";
import type { Definition } from "../../src/grpc/service.ts";
import { toServices } from "../../src/submitter/services.ts";
import { type OpenGrid, openGrid } from "./open-grid.ts";
import { refusalOf } from "./refusal.ts";

async function* none() {}
const consume = async (stream: AsyncIterable<unknown>) => {
  for await (const _ of stream);
};

/** Every service that was generated from the interface's files. */
async function definitions(): Promise<Definition[]> {
  const folder = join(import.meta.dirname, "../../src/gen");
  const files = (await readdir(folder)).filter((file) => file.endsWith("_service.ts"));
  const modules: object[] = await Promise.all(files.map((file) => import(join(folder, file))));
  return modules.flatMap((exported) =>
    Object.entries(exported).flatMap(([name, value]) => (name.endsWith("Definition") ? value : [])),
  );
}

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

  it("has every method of the interface once, but for what agents and workers serve", async () => {
    const served = toServices(grid.grid).map(({ definition }) => definition);
    const methodsOf = (definitions: readonly Definition[]) =>
      definitions.flatMap(({ fullName, methods }) =>
        Object.values(methods).map(({ name }) => `${fullName}/${name}`),
      );
    const all = methodsOf(await definitions());
    expect(all).toHaveLength(61);
    expect(
      [...methodsOf(served), ...methodsOf([AgentDefinition, WorkerDefinition])].sort(),
    ).toEqual([...all, ...methodsOf([HealthDefinition])].sort());
    for (const { definition, service } of toServices(grid.grid))
      expect(Object.keys(service).sort()).toEqual(Object.keys(definition.methods).sort());
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

import { msToTs, optionalTsToMs } from "@temporalio/common/lib/time.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Session } from "../../src/domain/session.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { connectTemporal } from "../../src/temporal/connect.ts";
import type { TemporalConnection } from "../../src/temporal/connection.ts";
import { prepareNamespace } from "../../src/temporal/namespace.ts";
import { createSessionWorkflows } from "../../src/temporal/session-workflows.ts";
import { openStores, type TestStores } from "../support/stores.ts";
import { openTestTemporal, type TestTemporal } from "../support/temporal-server.ts";

const DAY_MS = 24 * 3_600_000;
const log = createLogger({ level: "silent", role: "test" });
const never = new Promise<never>(() => {});

let temporal: TestTemporal;
let stores: TestStores;
const resources = new AsyncDisposableStack();
beforeAll(async () => {
  temporal = resources.use(await openTestTemporal());
  stores = resources.use(await openStores());
}, 60_000);
afterAll(() => resources.disposeAsync());

/** One that nobody has prepared for a grid. */
async function newNamespace(name: string, retentionMs = DAY_MS): Promise<string> {
  await temporal.connection.workflowService.registerNamespace({
    namespace: name,
    workflowExecutionRetentionPeriod: msToTs(retentionMs),
  });
  return name;
}

const connect = (
  namespace: string,
  stack: AsyncDisposableStack,
  stopped: Promise<unknown> = never,
) => connectTemporal({ address: temporal.address, namespace }, { stack, log, stopped });

const retentionOf = async ({ connection, namespace }: TemporalConnection) => {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  return optionalTsToMs(config?.workflowExecutionRetentionTtl);
};

describe("a process that connects to Temporal", () => {
  it("can start sessions at once, in a namespace that nobody has prepared", async () => {
    await using stack = new AsyncDisposableStack();
    const connected = await connect(await newNamespace("bare"), stack);
    if (!connected) throw new Error("not connected");
    const { sessions } = stores.tables;
    const workflows = createSessionWorkflows(connected.client, {
      ...{ window: 64, leaseMs: 1_000, sessions },
    });
    const id = await stores.newSession();
    await workflows.start((await sessions.get(id)) as Session);
    expect(await retentionOf(connected)).toBe(30 * DAY_MS);
  });

  it("may do so together with others", async () => {
    await using stack = new AsyncDisposableStack();
    const namespace = await newNamespace("shared");
    const all = await Promise.all(Array.from({ length: 4 }, () => connect(namespace, stack)));
    expect(all.map((one) => one?.namespace)).toEqual(Array(4).fill(namespace));
  });

  it("does not shorten the retention that an operator has chosen", async () => {
    await using stack = new AsyncDisposableStack();
    const namespace = await newNamespace("kept", 90 * DAY_MS);
    const connected = await connect(namespace, stack);
    if (!connected) throw new Error("not connected");
    await prepareNamespace(connected.connection, namespace);
    expect(await retentionOf(connected)).toBe(90 * DAY_MS);
  });

  it("waits until Temporal is there, or until it is told to stop", async () => {
    await using stack = new AsyncDisposableStack();
    await using own = await openTestTemporal();
    await own.kill();
    const options = { address: own.address, namespace: "default" };
    const stop = Promise.withResolvers<void>();
    const [patient, stopped] = [
      connectTemporal(options, { stack, log, stopped: never }),
      connectTemporal(options, { stack, log, stopped: stop.promise }),
    ];
    stop.resolve();
    expect(await stopped).toBeUndefined();
    await own.restart();
    expect(await patient).toMatchObject({ namespace: "default" });
  });
});

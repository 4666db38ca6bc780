import { createChannel, createClient, Status } from "nice-grpc";
import { HealthDefinition } from "nice-grpc-server-health";
import { expect, onTestFinished, test } from "vitest";
import { toTarget } from "../../src/grpc/address.ts";
import { healthService } from "../../src/grpc/health.ts";
import { openHealth } from "../../src/telemetry/health.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { serve } from "./serve.ts";

const SERVING = 1;
const NOT_SERVING = 2;

async function open() {
  let away = false;
  const database = async () => {
    if (away) throw new Error("away");
  };
  const log = createLogger({ level: "silent", role: "test" });
  const health = openHealth({ checks: { database }, log });
  onTestFinished(() => health[Symbol.dispose]());
  const { server } = await serve(
    { versions: async () => ({}) },
    { services: [healthService(health)] },
  );
  const channel = createChannel(toTarget(server.address));
  onTestFinished(() => channel.close());
  const turn = (gone: boolean) => {
    away = gone;
    return health.readiness();
  };
  return { turn, server, client: createClient(HealthDefinition, channel) };
}

test("serves while the process is ready", async () => {
  const { turn, client } = await open();

  await turn(false);
  expect(await client.check({ service: "" })).toEqual({ status: SERVING });
  await turn(true);
  expect(await client.check({ service: "" })).toEqual({ status: NOT_SERVING });
});

test("tells watchers each change, and that the server goes", async () => {
  const { turn, server, client } = await open();
  await turn(false);
  const watch = client.watch({ service: "" })[Symbol.asyncIterator]();

  expect((await watch.next()).value).toEqual({ status: SERVING });
  await turn(true);
  expect((await watch.next()).value).toEqual({ status: NOT_SERVING });
  const ended = expect(watch.next()).rejects.toMatchObject({ code: Status.UNAVAILABLE });
  await server.drain();
  await ended;
});

import { expect, onTestFinished, test } from "vitest";
import { openHealth } from "../../src/telemetry/health.ts";
import { type HttpOptions, openHttpServer } from "../../src/telemetry/http.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";

const log = createLogger({ level: "silent", role: "test" });

async function open(options: Partial<HttpOptions> = {}, database = async () => {}) {
  const health = openHealth({ checks: { database }, log });
  const metrics = createMetrics();
  const server = await openHttpServer({
    host: "127.0.0.1",
    port: 0,
    setting: "Submitter__HttpPort",
    health,
    registry: metrics.registry,
    log,
    ...options,
  });
  onTestFinished(async () => {
    health[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return { status: response.status, body: await response.text() };
  };
  return { server, health, metrics, get };
}

test("a process whose stores answer is started, live and ready", async () => {
  const { get } = await open();

  expect(await get("/startup")).toMatchObject({ status: 200 });
  expect(await get("/liveness")).toMatchObject({ status: 200 });
  expect(await get("/readiness")).toEqual({
    status: 200,
    body: '{"status":"ok","checks":{"database":"ok"}}',
  });
});

test("a process whose store is away is live, not ready, and says why", async () => {
  const { get } = await open({}, () => Promise.reject(new Error("connect ECONNREFUSED")));

  expect(await get("/startup")).toMatchObject({ status: 503 });
  expect(await get("/liveness")).toMatchObject({ status: 200 });
  expect(await get("/readiness")).toEqual({
    status: 503,
    body: '{"status":"unavailable","checks":{"database":"connect ECONNREFUSED"}}',
  });
});

test("a process that only a restart can help is not live", async () => {
  const { get } = await open({ liveness: () => Promise.reject(new Error("the loop stands")) });

  expect(await get("/liveness")).toEqual({
    status: 503,
    body: '{"status":"unavailable","failure":"Error: the loop stands"}',
  });
});

test("shows Prometheus the grid's metrics and Node's", async () => {
  const { get, metrics } = await open();
  metrics.tasksDecided.inc({ partition: "gpu", outcome: "completed" }, 3);

  const { status, body } = await get("/metrics");

  expect(status).toBe(200);
  expect(body).toContain('armonik_tasks_decided_total{partition="gpu",outcome="completed"} 3');
  expect(body).toContain("nodejs_eventloop_lag_seconds");
});

test("answers the routes of a role, and 404 to anything else", async () => {
  const { get } = await open({
    routes: {
      "/hello": async (url) => ({ contentType: "text/plain", body: `${url.searchParams}` }),
      "/broken": () => Promise.reject(new Error("bug")),
    },
  });

  expect(await get("/hello?a=1")).toEqual({ status: 200, body: "a=1" });
  expect(await get("/broken")).toMatchObject({ status: 500 });
  expect(await get("/else")).toMatchObject({ status: 404 });
  expect(await get("//")).toMatchObject({ status: 404 });
});

test("says which port is taken and what to do about it", async () => {
  const { server } = await open();

  await expect(open({ port: server.port })).rejects.toThrow(
    `Cannot listen on 127.0.0.1:${server.port}: another process listens there: stop it, or set Submitter__HttpPort to a free one`,
  );
});

test("closes at once, also with a connection kept alive", async () => {
  const { server, get } = await open();
  await get("/liveness");

  await server[Symbol.asyncDispose]();

  await expect(get("/liveness")).rejects.toThrow();
});

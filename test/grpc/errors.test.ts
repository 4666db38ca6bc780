import { ServerError, Status } from "nice-grpc";
import { expect, test, vi } from "vitest";
import { GridError } from "../../src/domain/errors.ts";
import { EVENTS, serve } from "./serve.ts";

const failing = (error: unknown) =>
  serve({
    versions: () => Promise.reject(error),
    async *events() {
      yield* await Promise.reject<[]>(error);
    },
  });

test("a refusal reaches the caller with its status and its words", async () => {
  const { versions, events } = await failing(new GridError("SESSION_NOT_FOUND", "abc"));

  await expect(versions.listVersions({})).rejects.toMatchObject({
    code: Status.NOT_FOUND,
    details: "Session was not found: abc",
  });
  await expect(Array.fromAsync(events.getEvents(EVENTS))).rejects.toMatchObject({
    code: Status.NOT_FOUND,
    details: "Session was not found: abc",
  });
});

test("a refusal of something long says both ends of it, in the headers that clients take", async () => {
  const name = "\u{1F600}".repeat(2 ** 18);
  const { events, lines } = await failing(new GridError("SESSION_NOT_FOUND", `${name}; try again`));

  const call = Array.fromAsync(events.getEvents({ ...EVENTS, sessionId: name }));
  const { code, details } = await call.then(
    () => expect.unreachable(),
    (error: { code: Status; details: string }) => error,
  );
  expect(code).toBe(Status.NOT_FOUND);
  expect(details).toMatch(/^Session was not found: \u{1F600}.* … .*\u{1F600}; try again$/su);
  expect(encodeURIComponent(details).length).toBeLessThan(7_000);
  expect(JSON.stringify(lines).length).toBeLessThan(3_000);
});

test("a refusal is a warning that names the call, the code and the ids of the request", async () => {
  const { events, lines } = await failing(new GridError("SESSION_NOT_FOUND", "abc"));

  await expect(Array.fromAsync(events.getEvents(EVENTS))).rejects.toThrow();

  expect(lines.filter(({ msg }) => msg === "call refused")).toMatchObject([
    { level: "warn", rpc: "Events/GetEvents", code: "SESSION_NOT_FOUND", sessionId: "s" },
  ]);
});

test("anything else is UNKNOWN without a word of it, and in the log with its stack", async () => {
  const { versions, lines } = await failing(new TypeError("secret of the house"));

  await expect(versions.listVersions({})).rejects.toMatchObject({
    code: Status.UNKNOWN,
    details: "Unknown exception, see ArmoniK logs",
  });
  expect(lines.filter(({ level }) => level === "error")).toMatchObject([
    {
      msg: "call failed",
      rpc: "Versions/ListVersions",
      err: {
        type: "TypeError",
        message: "secret of the house",
        stack: expect.stringContaining("errors.test.ts"),
      },
    },
  ]);
});

test("a status that a service chose passes unchanged", async () => {
  const { versions } = await failing(new ServerError(Status.PERMISSION_DENIED, "no"));

  await expect(versions.listVersions({})).rejects.toMatchObject({
    code: Status.PERMISSION_DENIED,
    details: "no",
  });
});

test("an abort from inside is CANCELLED, and an error in the log", async () => {
  const { versions, lines } = await failing(new DOMException("over", "AbortError"));

  await expect(versions.listVersions({})).rejects.toMatchObject({
    code: Status.CANCELLED,
    details: "Canceled by internal means",
  });
  expect(lines.filter(({ level }) => level === "error")).toHaveLength(1);
});

test("a caller that goes away is no failure of ours", async () => {
  const entered = Promise.withResolvers<void>();
  const { versions, lines, registry } = await serve({
    async versions(_request, { signal }) {
      entered.resolve();
      await new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
      return {};
    },
  });
  const caller = new AbortController();

  const call = versions.listVersions({}, { signal: caller.signal });
  await entered.promise;
  caller.abort();

  await expect(call).rejects.toMatchObject({ name: "AbortError" });
  await vi.waitFor(() => expect(lines.map(({ msg }) => msg)).toContain("call cancelled by client"));
  expect(lines.filter(({ level }) => level === "error")).toEqual([]);
  expect(await registry.getSingleMetricAsString("grpc_server_handled_total")).toContain(
    'grpc_code="CANCELLED"',
  );
});

test("the metrics count the status that the caller saw", async () => {
  const { versions, registry } = await failing(new GridError("SUBMISSION_CLOSED", "abc"));

  await expect(versions.listVersions({})).rejects.toThrow();

  const text = await registry.metrics();
  expect(text).toMatch(
    /grpc_server_handled_total\{.*grpc_method="ListVersions".*grpc_code="FAILED_PRECONDITION".*\} 1/,
  );
});

test("a stream that its caller leaves counts as cancelled, and as running no longer", async () => {
  const { events, registry } = await serve({
    versions: async () => ({}),
    async *events(_request, { signal }) {
      while (!signal.aborted) yield { sessionId: "x".repeat(100_000) };
      signal.throwIfAborted();
    },
  });

  for await (const _ of events.getEvents(EVENTS)) break;

  await vi.waitFor(async () => {
    const text = await registry.metrics();
    expect(text).toMatch(/grpc_server_handled_total\{.*GetEvents.*CANCELLED.*\} 1/);
    expect(text).toContain("grpc_server_running_calls 0");
  });
});

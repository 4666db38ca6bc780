import { spawn } from "node:child_process";
import { once, setMaxListeners } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Status } from "nice-grpc";
import { expect, onTestFinished, test } from "vitest";
import { sendHeaders } from "../../src/grpc/headers.ts";
import { connect, EVENTS, serve } from "./serve.ts";

const answer = async () => ({ core: "1", api: "2" });

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "grid-"));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

test("answers which port it found when asked for any", async () => {
  const { server, versions } = await serve({ versions: answer });

  expect(server.address).toMatchObject({ host: "127.0.0.1", port: expect.any(Number) });
  expect(server.address).not.toMatchObject({ port: 0 });
  expect(await versions.listVersions({})).toEqual({ core: "1", api: "2" });
});

test("takes messages larger than gRPC's usual four megabytes", async () => {
  const { events } = await serve({
    versions: answer,
    async *events({ sessionId }) {
      yield { sessionId: String(sessionId.length) };
    },
  });

  const [event] = await Array.fromAsync(
    events.getEvents({ ...EVENTS, sessionId: "x".repeat(9_000_000) }),
  );

  expect(event?.sessionId).toBe("9000000");
});

test("keeps the connection of a caller who gives up thousands of streams", async () => {
  const more = new EventTarget();
  setMaxListeners(0, more);
  const { events } = await serve({
    versions: answer,
    async *events({ sessionId }, context) {
      yield { sessionId };
      await once(more, sessionId, { signal: context.signal });
      yield { sessionId: `${sessionId} again` };
    },
  });
  const kept = events.getEvents({ ...EVENTS, sessionId: "kept" })[Symbol.asyncIterator]();
  expect((await kept.next()).value?.sessionId).toBe("kept");

  const giveUp = async () => {
    for await (const _ of events.getEvents({ ...EVENTS, sessionId: "given up" })) break;
  };
  for (let i = 0; i < 50; i += 1) await Promise.all(Array.from({ length: 50 }, giveUp));

  more.dispatchEvent(new Event("kept"));
  expect((await kept.next()).value?.sessionId).toBe("kept again");
});

test("says that the folder of a socket does not exist", async () => {
  const address = { socket: "/nowhere/agent.sock" };
  await expect(serve({ versions: answer }, { address })).rejects.toThrow(
    "Cannot listen on /nowhere/agent.sock: its folder does not exist: create it, or set Submitter__Port",
  );
});

test("says which port is taken and what to do about it", async () => {
  const { server } = await serve({ versions: answer });
  if (!("port" in server.address)) throw new Error("expected a port");

  await expect(serve({ versions: answer }, { address: server.address })).rejects.toThrow(
    `Cannot listen on 127.0.0.1:${server.address.port}: another process listens there: stop it, or set Submitter__Port to a free one`,
  );
});

test("listens on a Unix socket that every user may open, and removes it at the end", async () => {
  const socket = join(await folder(), "grid.sock");
  const { server, versions } = await serve({ versions: answer }, { address: { socket } });

  expect(await versions.listVersions({})).toEqual({ core: "1", api: "2" });
  expect((await stat(socket)).mode & 0o777).toBe(0o666);

  await server.drain();
  await expect(stat(socket)).rejects.toMatchObject({ code: "ENOENT" });
});

test("replaces the socket file of a process that was killed", async () => {
  const socket = join(await folder(), "grid.sock");
  const listen = `require("net").createServer().listen(${JSON.stringify(socket)}, () => console.log("up"))`;
  const victim = spawn(process.execPath, ["-e", listen], { stdio: ["ignore", "pipe", "inherit"] });
  await once(victim.stdout, "data");
  victim.kill("SIGKILL");
  await once(victim, "exit");
  expect((await stat(socket)).isSocket()).toBe(true);

  const { versions } = await serve({ versions: answer }, { address: { socket } });

  expect(await versions.listVersions({})).toEqual({ core: "1", api: "2" });
});

test("leaves alone a socket on which somebody listens, and a file that is no socket", async () => {
  const path = await folder();
  const socket = join(path, "taken.sock");
  const other = createServer().listen(socket);
  await once(other, "listening");
  onTestFinished(() => {
    other.close();
  });
  const file = join(path, "file");
  await writeFile(file, "precious");

  for (const taken of [socket, file]) {
    const address = { socket: taken };
    await expect(serve({ versions: answer }, { address })).rejects.toThrow(
      `Cannot listen on ${taken}: another process listens there`,
    );
    expect(await stat(taken)).toBeDefined();
  }
});

test("lets running calls finish, and refuses new ones as UNAVAILABLE meanwhile", async () => {
  const entered = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const { server, versions } = await serve({
    async versions() {
      entered.resolve();
      await go.promise;
      return { core: "done" };
    },
  });
  const running = versions.listVersions({});
  await entered.promise;

  const drained = server.drain();

  await expect(versions.listVersions({})).rejects.toMatchObject({
    code: Status.UNAVAILABLE,
    details: "The service is shutting down: call again",
  });
  await expect(connect(server.address).versions.listVersions({})).rejects.toMatchObject({
    code: Status.UNAVAILABLE,
  });
  go.resolve();
  expect(await running).toMatchObject({ core: "done" });
  await drained;
});

test("ends streams that watch the drain as UNAVAILABLE, never as OK", async () => {
  const { server, events } = await serve({
    versions: answer,
    async *events(_request, { draining }) {
      yield { sessionId: "first" };
      await once(draining, "abort");
      draining.throwIfAborted();
    },
  });
  const stream = events.getEvents(EVENTS)[Symbol.asyncIterator]();
  await stream.next();

  const ended = expect(stream.next()).rejects.toMatchObject({ code: Status.UNAVAILABLE });
  await server.drain();

  await ended;
});

test("cuts off what is still running at the end of the grace delay", async () => {
  const entered = Promise.withResolvers<void>();
  const { server, versions, lines } = await serve(
    {
      versions() {
        entered.resolve();
        return new Promise(() => {});
      },
    },
    { graceDelayMs: 10 },
  );
  const call = versions.listVersions({});
  const failed = expect(call).rejects.toThrow();
  await entered.promise;

  await server.drain();

  await failed;
  expect(lines.map(({ msg }) => msg)).toContain("calls cut off at the end of the grace delay");
});

test("sends the headers of a stream before its first message, if the service says so", async () => {
  const go = Promise.withResolvers<void>();
  const { events } = await serve({
    versions: answer,
    async *events(_request, context) {
      sendHeaders(context);
      await go.promise;
      yield { sessionId: "s" };
    },
  });
  const headers = Promise.withResolvers<void>();

  const all = Array.fromAsync(events.getEvents(EVENTS, { onHeader: () => headers.resolve() }));

  await headers.promise;
  go.resolve();
  expect(await all).toHaveLength(1);
});

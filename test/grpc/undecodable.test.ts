// Bytes that are no message of the interface, from a client that does not know it.
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { expect, onTestFinished, test } from "vitest";
import { Duration } from "../../src/gen/google/protobuf/duration.ts";
import { ResultsDefinition } from "../../src/gen/results_service.ts";
import { SessionsDefinition } from "../../src/gen/sessions_service.ts";
import { toTarget } from "../../src/grpc/address.ts";
import { openServer } from "../../src/grpc/server.ts";
import { serve } from "../../src/grpc/service.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";

const asIs = (bytes: Buffer): Buffer => bytes;

async function open() {
  const metrics = createMetrics();
  const lines: string[] = [];
  const { createSession } = SessionsDefinition.methods;
  const sessions = { ...SessionsDefinition, methods: { createSession } };
  const { uploadResultData } = ResultsDefinition.methods;
  const results = { ...ResultsDefinition, methods: { uploadResultData } };
  const server = await openServer({
    address: { host: "127.0.0.1", port: 0 },
    setting: "Submitter__Port",
    services: [
      serve(sessions, { createSession: async () => ({ sessionId: "made" }) }),
      serve(results, {
        async uploadResultData(request) {
          for await (const _ of request);
          return { result: undefined };
        },
      }),
    ],
    log: createLogger({
      level: "info",
      role: "test",
      stream: { write: (line) => void lines.push(line) },
    }),
    metrics: metrics.rpc,
    graceDelayMs: 100,
  });
  onTestFinished(() => server.drain());
  const client = new Client(toTarget(server.address), credentials.createInsecure());
  onTestFinished(() => client.close());
  const answer = (resolve: (error: ServiceError | null) => void) => (error: ServiceError | null) =>
    resolve(error);
  return {
    lines,
    registry: metrics.registry,
    createSession: (bytes: Buffer) =>
      new Promise<ServiceError | null>((resolve) => {
        const path = `/${SessionsDefinition.fullName}/CreateSession`;
        client.makeUnaryRequest(path, asIs, asIs, bytes, answer(resolve));
      }),
    upload: (...messages: Buffer[]) =>
      new Promise<ServiceError | null>((resolve) => {
        const path = `/${ResultsDefinition.fullName}/UploadResultData`;
        const call = client.makeClientStreamRequest(path, asIs, asIs, answer(resolve));
        for (const bytes of messages) call.write(bytes);
        call.end();
      }),
  };
}

/** CreateSessionRequest { default_task_option: TaskOptions { max_duration: Duration { seconds } } } */
function withSeconds(seconds: bigint): Buffer {
  const varint: number[] = [];
  for (let rest = seconds; ; rest >>= 7n) {
    if (rest < 128n) {
      varint.push(Number(rest));
      break;
    }
    varint.push(Number(rest & 127n) | 128);
  }
  const wrap = (field: number, inner: number[]) => [(field << 3) | 2, inner.length, ...inner];
  return Buffer.from(wrap(1, wrap(2, [0x08, ...varint])));
}

test("a message that is none is INVALID_ARGUMENT, says why, and is counted as such", async () => {
  const { createSession, lines, registry } = await open();
  for (const bytes of [[0xff], [0x0a, 0x7f, 1], [0x0f]]) {
    expect(await createSession(Buffer.from(bytes))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringMatching(/^Invalid argument: request: cannot be decoded \(.+\); send/),
    });
  }
  expect(lines.filter((line) => line.includes("call refused"))).toHaveLength(3);
  expect(await registry.metrics()).toMatch(/grpc_method="CreateSession".*INVALID_ARGUMENT.*\} 3/);
  expect(await createSession(Buffer.alloc(0))).toBeNull();
});

test("numbers that JavaScript cannot hold are refused, durations of protobuf's range are not", async () => {
  const { createSession } = await open();
  expect(await createSession(withSeconds(2n ** 63n - 1n))).toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining("larger than Number.MAX_SAFE_INTEGER"),
  });
  expect(await createSession(withSeconds(315_576_000_000n))).toBeNull();
  expect(Duration.decode(withSeconds(7n).subarray(4)).seconds).toBe(7);
});

test("a stream is refused at the message that is none", async () => {
  const { upload } = await open();
  expect(await upload(Buffer.alloc(0), Buffer.from([0xff]), Buffer.alloc(0))).toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining("cannot be decoded"),
  });
  expect(await upload(Buffer.alloc(0))).toBeNull();
});

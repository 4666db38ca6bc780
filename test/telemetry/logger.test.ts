import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { Secret } from "../../src/domain/secret.ts";
import { createLogger, type LogLevel } from "../../src/telemetry/logger.ts";

function capture(level: LogLevel) {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { log: createLogger({ level, role: "submitter", stream }), lines };
}

test("writes one object a line: time, level by name, role, ids as fields, constant message", () => {
  const { log, lines } = capture("info");

  log.info({ sessionId: "s", taskId: "t" }, "task dispatched");

  expect(lines).toEqual([
    {
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      level: "info",
      role: "submitter",
      pid: process.pid,
      sessionId: "s",
      taskId: "t",
      msg: "task dispatched",
    },
  ]);
});

test("leaves out what is less severe than asked for", () => {
  const { log, lines } = capture("warn");

  log.info("no");
  log.warn("yes");

  expect(lines.map(({ msg }) => msg)).toEqual(["yes"]);
});

test("shows no secret, also not inside an object", () => {
  const { log, lines } = capture("info");

  log.info({ temporal: { apiKey: new Secret("s3cr3t") } }, "connected");

  expect(JSON.stringify(lines)).not.toContain("s3cr3t");
  expect(lines).toMatchObject([{ temporal: { apiKey: "***" } }]);
});

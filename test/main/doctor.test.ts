import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openQueue } from "../../src/adaptors/queue.ts";
import { partitionId } from "../../src/domain/ids.ts";
import { findPorts } from "../../src/main/dev/ports.ts";
import { messageIn } from "../contracts/queue/deliveries.ts";
import { runGrid } from "../support/grid-command.ts";

let folder: string;
let ports: number[];

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "grid-")));
  ports = await findPorts([{ port: 0 }, { port: 0 }, { port: 0 }]);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const doctor = (env: Record<string, string> = {}, ...args: string[]) => {
  const [port, httpPort, temporal] = ports;
  const own = {
    Submitter__Port: `${port}`,
    Submitter__HttpPort: `${httpPort}`,
    Temporal__Address: `127.0.0.1:${temporal}`,
  };
  return runGrid(["doctor", ...args], { cwd: folder, env: { ...own, ...env } });
};

test("says of each service whether it works, and fails if one does not", async () => {
  const { code, out } = await doctor();
  expect(code).toBe(1);
  const lines = out.trimEnd().split("\n");
  expect(lines.slice(0, 4)).toEqual([
    "ok    configuration: defaults and environment",
    `ok    table storage: embedded in ${join(folder, ".grid")}`,
    `ok    object storage: embedded in ${join(folder, ".grid")}`,
    `ok    queue: embedded in ${join(folder, ".grid")}`,
  ]);
  expect(lines[4]).toBe(
    `fail  temporal: 127.0.0.1:${ports[2]}, namespace default: Connection refused; ` +
      "start it, or set Temporal__Address and Temporal__Namespace (`grid dev` brings its own)",
  );
  expect(lines.slice(5)).toEqual([
    `ok    submitter port: ${ports[0]} is free`,
    `ok    submitter http port: ${ports[1]} is free`,
  ]);
});

test("tells how many messages wait, where any do", async () => {
  {
    await using queue = await openQueue({ driver: "embedded", path: join(folder, ".grid") });
    const partition = partitionId("default");
    await queue.publish([1, 2].map(() => messageIn(partition)));
  }
  const { out } = await doctor();
  expect(out).toContain(
    `ok    queue: embedded in ${join(folder, ".grid")}; 2 waiting for agents of default\n`,
  );
});

test("names a port that somebody else holds", async () => {
  const server = createServer().listen(ports[0], "127.0.0.1");
  await once(server, "listening");
  const { out } = await doctor();
  await once(server.close(), "close");
  expect(out).toMatch(/fail {2}submitter port: \d+ is in use.*set Submitter__Port to a free port/);
});

test("names a storage folder that cannot be one", async () => {
  writeFileSync(join(folder, "file"), "");
  const { out } = await doctor({
    TableStorage__Path: join(folder, "file"),
  });
  const place = join(folder, "file");
  expect(out).toContain(`fail  table storage: ${place}: `);
  expect(out).toContain("; set TableStorage__Path to a folder that this user may write\n");
  expect(out).toMatch(/^ok {4}queue: /m);
});

test("looks at the folders of an agent where one is configured", async () => {
  const { out } = await doctor({
    Pollster__PartitionId: "gpu",
    Pollster__SharedCacheFolder: folder,
    ComputePlane__AgentChannel__Address: join(folder, "agent.sock"),
    ComputePlane__WorkerChannel__Address: join(folder, "missing", "worker.sock"),
  });
  expect(out).toContain(`ok    folder of the agent's socket: ${folder}\n`);
  expect(out).toContain(`ok    shared cache folder: ${folder}\n`);
  expect(out).toMatch(
    /fail {2}folder of the worker's socket: .*missing.*set ComputePlane__WorkerChannel__Address/,
  );
});

test("stops at a configuration that is wrong, whichever file it is in", async () => {
  writeFileSync(join(folder, "grid.yaml"), "submitter: { typo: 1 }");
  const { code, out } = await doctor({}, "--config", "grid.yaml");
  expect(code).toBe(1);
  expect(out).toBe(
    'fail  configuration: Invalid configuration\n      ✖ Unrecognized key: "typo"\n        → at submitter, from grid.yaml\n',
  );
});

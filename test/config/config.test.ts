import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { readAgentConfig, readConfig } from "../../src/config/index.ts";

const read = (env: Record<string, string> = {}) => readConfig({ env });

function complaint(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return String(error);
  }
  return "none";
}

function yaml(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "grid-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "grid.yaml");
  writeFileSync(file, text);
  return file;
}

test("needs nothing: a grid on one machine is the default", () => {
  const config = read();

  expect(config.submitter).toMatchObject({ host: "127.0.0.1", port: 5001, httpPort: 5002 });
  expect(config.submitter.preferredMessageSizeBytes).toBe(2 * 2 ** 20);
  expect(config.temporal).toEqual({ address: "127.0.0.1:7233", namespace: "default" });
  expect(config.orchestrator).toMatchObject({ sweepMs: 1_000 });
  expect(config.pollster).toMatchObject({ prefetch: 32, sharedCacheFolder: "/cache/shared" });
  expect(config.computePlane).toEqual({
    workerChannel: { address: "/cache/armonik_worker.sock", socketType: "unixdomainsocket" },
    agentChannel: { address: "/cache/armonik_agent.sock", socketType: "unixdomainsocket" },
  });
  for (const storage of [config.tableStorage, config.objectStorage, config.queue]) {
    expect(storage).toMatchObject({ driver: "embedded", path: ".grid" });
  }
});

test("takes ArmoniK's names from the environment, whatever their case", () => {
  const config = read({
    Submitter__DefaultPartition: "gpu",
    submitter__port: "0",
    COMPUTEPLANE__WORKERCHANNEL__ADDRESS: "http://127.0.0.1:10667",
    computePlane__workerChannel__sockettype: "Tcp",
    TableStorage__Driver: "embedded",
    TableStorage__Path: "/data",
  });

  expect(config.submitter).toMatchObject({ defaultPartition: "gpu", port: 0 });
  expect(config.computePlane.workerChannel).toEqual({
    address: "http://127.0.0.1:10667",
    socketType: "tcp",
  });
  expect(config.tableStorage).toMatchObject({ path: "/data" });
});

test("takes ArmoniK's names from the file as well, and the environment still wins", () => {
  const file = yaml("Submitter:\n  Port: 6001\n  HttpPort: 6002\n");

  const { submitter } = readConfig({ env: { SUBMITTER__PORT: "7001" }, file });

  expect(submitter).toMatchObject({ port: 7001, httpPort: 6002 });
});

test("a storage is embedded unless it is said otherwise, and its folder the usual one", () => {
  const config = read({ TableStorage__Path: "/data", ObjectStorage__InlineBytes: "5" });

  expect(config.tableStorage).toEqual({ driver: "embedded", path: "/data" });
  expect(config.objectStorage).toEqual({ driver: "embedded", path: ".grid", inlineBytes: 5 });
  expect(config.queue).toEqual({ driver: "embedded", path: ".grid" });
});

test("keeps texts as they are where a text is asked for", () => {
  expect(read({ Submitter__DefaultPartition: "007" }).submitter.defaultPartition).toBe("007");
  expect(read({ Temporal__Namespace: "true" }).temporal.namespace).toBe("true");
});

test("lays the environment over the file", () => {
  const file = yaml("submitter:\n  port: 6001\n  defaultPartition: slow\nlog:\n  level: debug\n");

  const config = readConfig({ env: { Submitter__Port: "7001" }, file });

  expect(config.submitter).toMatchObject({ port: 7001, defaultPartition: "slow" });
  expect(config.log.level).toBe("debug");
});

test("takes an empty file for an empty configuration", () => {
  expect(readConfig({ env: {}, file: yaml("# nothing yet\n") })).toEqual(read());
});

test("leaves other programs' variables alone", () => {
  expect(read({ PATH: "/bin", My__Setting: "1", submitter: "x", TEMPORAL_ADDRESS: "y" })).toEqual(
    read(),
  );
});

test("names all errors at once, by their place", () => {
  const env = {
    Submitter__Port: "five",
    Submitter__Typo: "1",
    Submitter__PreferredMessageSizeBytes: "4194304",
    ObjectStorage__Driver: "floppy",
    Log__Level: "loud",
  };
  expect(() => read(env)).toThrowErrorMatchingInlineSnapshot(`
    [Error: Invalid configuration
    ✖ Invalid input: expected number, received string
      → at submitter.port, from Submitter__Port
    ✖ Too big: expected number to be <=4193280
      → at submitter.preferredMessageSizeBytes, from Submitter__PreferredMessageSizeBytes
    ✖ Unrecognized key: "typo"
      → at submitter, from Submitter__Typo
    ✖ Invalid discriminator value. Expected 'embedded'
      → at objectStorage.driver, from ObjectStorage__Driver
    ✖ Invalid option: expected one of "trace"|"debug"|"info"|"warn"|"error"|"fatal"|"silent"
      → at log.level, from Log__Level]
  `);
});

test("tells errors in the file from those in the environment", () => {
  const file = yaml("nonsense: 1\nsubmitter:\n  port: far\n  httpPort: -1\n");
  const partition = "InitServices__Partitioning__Partitions__0";
  const env = { Submitter__Port: "near", [partition]: '{"PodMax":-1}' };

  const message = complaint(() => readConfig({ env, file }));

  expect(message).toContain(`at submitter.httpPort, from ${file}`);
  expect(message).toContain("at submitter.port, from Submitter__Port\n");
  expect(message).toContain(`at top level, from ${file}`);
  expect(message).toContain(`partitions[0].podMax, from ${partition}`);
});

test("refuses a value where a section is expected, and the other way round", () => {
  expect(() => read({ Submitter__Port: "1", Submitter__Port__X: "2" })).toThrow(
    "at submitter.port",
  );
  expect(() => readConfig({ env: {}, file: yaml("submitter: 5\n") })).toThrow("at submitter");
  expect(() => readConfig({ env: {}, file: yaml("- a list\n") })).toThrow("expected object");
});

test("does not mistake inherited properties for settings", () => {
  expect(() => read({ Submitter__Constructor: "x", Submitter__Constructor__Name: "y" })).toThrow(
    'Unrecognized key: "constructor"',
  );
});

test("names the file that cannot be read, and the line that is no YAML", () => {
  expect(() => readConfig({ env: {}, file: "/nowhere/grid.yaml" })).toThrow(
    /configuration file \/nowhere\/grid\.yaml.*ENOENT/,
  );
  expect(() => readConfig({ env: {}, file: yaml("log:\n  level: [\n") })).toThrow(/line 3/);
});

test("an agent needs a partition, the other roles do not", () => {
  expect(() => readAgentConfig({ env: {} })).toThrow(
    "✖ the agent needs its partition: set Pollster__PartitionId\n  → at pollster.partitionId",
  );
  expect(readAgentConfig({ env: { Pollster__PartitionId: "gpu" } }).pollster).toMatchObject({
    partitionId: "gpu",
    prefetch: 32,
  });
});

test("an agent hears of its partition and of all other errors together", () => {
  const message = complaint(() => readAgentConfig({ env: { Log__Level: "loud" } }));

  expect(message).toContain("at log.level");
  expect(message).toContain("at pollster.partitionId");
});

test("takes partitions as JSON, in the order of their numbers", () => {
  const { partitions } = read({
    InitServices__Partitioning__Partitions__10: '{"PartitionId":"last"}',
    InitServices__Partitioning__Partitions__2:
      '{"PartitionId":"gpu","PodMax":100,"PodConfiguration":{"NodeSelector":"a100"}}',
  }).initServices.partitioning;

  expect(partitions.map(({ partitionId }) => partitionId)).toEqual(["gpu", "last"]);
  expect(partitions[0]).toEqual({
    partitionId: "gpu",
    parentPartitionIds: [],
    podReserved: 0,
    podMax: 100,
    preemptionPercentage: 0,
    priority: 0,
    podConfiguration: { NodeSelector: "a100" },
  });
});

test("says which partition is no JSON, and which has no id", () => {
  const partition = "InitServices__Partitioning__Partitions__";
  const message = complaint(() => read({ [`${partition}0`]: "{", [`${partition}1`]: "{}" }));

  expect(message).toContain("must be JSON");
  expect(message).toContain("partitions[0]");
  expect(message).toContain("partitions[1].partitionId");
});

test("refuses socket paths and addresses that cannot work", () => {
  const address = "ComputePlane__AgentChannel__Address";

  expect(() => read({ [address]: "agent.sock" })).toThrow("absolute path");
  expect(() => read({ [address]: `/${"x".repeat(107)}` })).toThrow("at most 107 bytes");
  expect(() =>
    read({ [address]: "/agent.sock", ComputePlane__AgentChannel__SocketType: "tcp" }),
  ).toThrow("must be http://host:port");
});

test("a secret is not shown by logs, JSON or console, only on request", () => {
  const { temporal } = read({ Temporal__ApiKey: "s3cr3t" });

  for (const shown of [JSON.stringify(temporal), inspect(temporal), `${temporal.apiKey}`]) {
    expect(shown).toContain("***");
    expect(shown).not.toContain("s3cr3t");
  }
  expect(temporal.apiKey?.reveal()).toBe("s3cr3t");
});

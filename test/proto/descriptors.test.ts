import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { pythonSdk } from "../support/python-sdk.ts";
import { type DescriptorSet, type InterfaceTable, toInterfaceTable } from "./interface-table.ts";

const ROOT = join(import.meta.dirname, "../..");

async function describeInterface(command: string, ...args: string[]): Promise<InterfaceTable> {
  const { stdout } = await promisify(execFile)(command, args, { cwd: ROOT, maxBuffer: 2 ** 26 });
  return toInterfaceTable(JSON.parse(stdout) as DescriptorSet);
}

describe("the V1 interface", () => {
  let ours: InterfaceTable;
  let published: InterfaceTable;

  beforeAll(async () => {
    const python = await pythonSdk();
    const descriptorSet = [
      "--as-file-descriptor-set",
      "--exclude-imports",
      "--exclude-source-info",
    ];
    [ours, published] = await Promise.all([
      describeInterface(
        "node_modules/.bin/buf",
        ...["build", "--output", "-#format=json", ...descriptorSet],
      ),
      describeInterface(python, "test/proto/published-descriptors.py"),
    ]);
  }, 300_000);

  // Guards the comparisons below: two empty tables would be equal, too.
  it("is complete", () => {
    const counts = Object.entries(ours).map(([kind, rows]) => [kind, Object.keys(rows).length]);
    expect(Object.fromEntries(counts)).toEqual({
      files: 40,
      services: 12,
      rpcs: 61,
      messages: 206,
      fields: 511,
      enums: 21,
      values: 151,
    });
  });

  it.each(["files", "services", "rpcs", "messages", "fields", "enums", "values"] as const)(
    "has the %s of the published Python SDK, no less and no more",
    (kind) => {
      expect(ours[kind]).toEqual(published[kind]);
    },
  );
});

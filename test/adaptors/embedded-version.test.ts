import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { openObjectStorage } from "../../src/adaptors/object-storage.ts";
import { openQueue } from "../../src/adaptors/queue.ts";
import { openTableStorage } from "../../src/adaptors/table-storage.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const path = temporaryFolder();

it.each([
  ["table.db", openTableStorage],
  ["objects.db", openObjectStorage],
  ["queue.db", openQueue],
] as const)("%s of another version is refused with what to do", async (name, open) => {
  const options = { driver: "embedded", path: path() } as const;
  for (const _time of ["new", "again"]) await (await open(options))[Symbol.asyncDispose]();

  using db = new DatabaseSync(join(path(), name));
  db.exec("PRAGMA user_version = 1");

  await expect(open(options)).rejects.toThrow(
    `Cannot use ${join(path(), name)}: another version of the grid made it. Move its folder away`,
  );
  expect(db.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
});

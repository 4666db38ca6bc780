import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { toDocument } from "../../src/config/document.ts";

const committed = join(import.meta.dirname, "..", "..", "docs", "configuration.md");

test("the committed page is the schema's: if not, run `npm run docs:config`", () => {
  expect(readFileSync(committed, "utf8")).toBe(toDocument());
});

test("every setting has a meaning", () => {
  const rows = toDocument()
    .split("\n")
    .filter((line) => line.startsWith("| `"));

  expect(rows.length).toBeGreaterThan(30);
  expect(rows.filter((row) => row.endsWith("|  |"))).toEqual([]);
});

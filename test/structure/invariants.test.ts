// The numbers of invariants: one meaning each in the whole repository.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
/** Drivers say beside a port's number how they keep it, and several files keep the grid's own. */
const isDriver = (file: string): boolean => /^src\/adaptors\/(?!ports\/)[^/]+\//.test(file);
const isRestated = (file: string, label: string): boolean =>
  /^I[1-8]$/.test(label) || isDriver(file);

const definitions = globSync("src/**/*.ts", { cwd: ROOT })
  .filter((file) => !file.startsWith("src/gen/"))
  .flatMap((file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    const labels = text.matchAll(/^\s*(?:\/\/|\*)\s+([A-Z]{1,2}\d+)\. /gm);
    return [...labels].map(([, label = ""]) => ({ file, label }));
  });

const own = definitions.filter(({ file, label }) => !isRestated(file, label));
const prefixOf = (label: string): string => label.replace(/\d+$/, "");

test("no number of an invariant has two meanings", () => {
  const twice = [...Map.groupBy(own, ({ label }) => label)].filter(([, some]) => some.length > 1);
  expect(twice).toEqual([]);
  expect(own.length).toBeGreaterThan(100);
});

test("what a driver restates is a port's", () => {
  const ports = own.filter(({ file }) => file.startsWith("src/adaptors/ports/"));
  const known = new Set(ports.map(({ label }) => label));
  const restated = definitions.filter(({ file }) => isDriver(file));
  const elsewhere = new Set(own.map(({ label }) => label));
  const once = [...Map.groupBy(restated, ({ label }) => label)];
  const wrong = once.filter(
    ([label, some]) => !known.has(label) && (some.length > 1 || elsewhere.has(label)),
  );
  expect(wrong).toEqual([]);
  expect(restated.length).toBeGreaterThan(10);
});

test("ARCHITECTURE.md says where each series of numbers is kept", () => {
  const document = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
  const listed = new Map(
    [...document.matchAll(/^\| ([A-Z]{1,2}) \| `([^`]+)` \|/gm)].map(([, prefix, file]) => [
      prefix,
      file,
    ]),
  );
  const drivers = definitions.filter(
    ({ file, label }) => isDriver(file) && !own.some((one) => one.label === label),
  );
  const found = new Map<string, string>();
  for (const { file, label } of [...drivers, ...own]) found.set(prefixOf(label), file);
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(found));
});

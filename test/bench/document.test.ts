import { expect, test } from "vitest";
import { withSection } from "../../bench/support/document.ts";

const HEAD = "# Benchmarks\n";

test("a command replaces its own section and leaves those of the others", () => {
  const first = withSection(withSection(HEAD, "targets", "one"), "against", "two");
  const second = withSection(first, "targets", "three");
  expect(second).toContain("# Benchmarks");
  expect(second).toContain("three");
  expect(second).toContain("two");
  expect(second).not.toContain("one");
  expect(second.indexOf("three")).toBeLessThan(second.indexOf("two"));
});

test("writing the same section again changes nothing", () => {
  const once = withSection(withSection(HEAD, "targets", "one"), "against", "two");
  expect(withSection(once, "targets", "one")).toBe(once);
  expect(withSection(once, "against", "two")).toBe(once);
});

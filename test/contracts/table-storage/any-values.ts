// Values that stores are apt to compare wrongly.
import fc from "fast-check";
import { partitionId } from "../../../src/domain/ids.ts";
import type { TaskOptions } from "../../../src/domain/task-options.ts";

const WORDS = [
  ...["", " ", "a", "A", "ab", "ba", "aba", "ä", "a\u0308", "%", "_", "*", "'", '"', "\\", "$.x"],
  // Behind text that ends at a NUL; and in another order as UTF-16 than by code points.
  ...["\0", "a\0", "a\0b", "\0b", "\u{1F600}", "\uFFFD", "\uE000", "null", "0", "1"],
];

export const anyText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 6 }) },
);

const KEYS = ["color", "", "a.b", 'a "quoted" $.key', "__proto__", "toString", "\0"];

export const OPTION_FIELDS = [...KEYS, "never set"].map((option) => ({ option }));

/** Own keys, whatever their name. */
const toRecord = (entries: readonly (readonly [string, string])[]): Record<string, string> =>
  Object.fromEntries(entries);

export const anyOptions: fc.Arbitrary<TaskOptions> = fc.record({
  options: fc
    .uniqueArray(fc.tuple(fc.constantFrom(...KEYS), anyText), { selector: ([key]) => key })
    .map(toRecord),
  maxDurationMs: fc.nat(3),
  maxRetries: fc.nat(3),
  priority: fc.integer({ min: 1, max: 3 }),
  partitionId: anyText.map(partitionId),
  applicationName: anyText,
  applicationVersion: anyText,
  applicationNamespace: anyText,
  applicationService: anyText,
  engineType: anyText,
});

export const anyTime = fc.integer({ min: -2, max: 4 });

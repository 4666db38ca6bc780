import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { partitionId } from "../../src/domain/ids.ts";
import { mergeOptions, type TaskOptions } from "../../src/domain/task-options.ts";

const text = fc.constantFrom("", "a", "b");
const number = fc.constantFrom(0, 1, 7);
const fields = {
  maxDurationMs: number,
  maxRetries: number,
  priority: number,
  partitionId: text.map(partitionId),
  applicationName: text,
  applicationVersion: text,
  applicationNamespace: text,
  applicationService: text,
  engineType: text,
};
const options = fc.dictionary(fc.constantFrom("k", "l"), text);
const layer: fc.Arbitrary<TaskOptions> = fc.record({ options, ...fields });

const FIELDS = Object.keys(fields) as (keyof typeof fields)[];

describe("merging task options", () => {
  it.each(FIELDS)("takes %s from the upper layer exactly when it is set there", (field) => {
    fc.assert(
      fc.property(layer, layer, (upper, lower) => {
        expect(mergeOptions(upper, lower)[field]).toBe(upper[field] || lower[field]);
      }),
    );
  });

  it("unites the maps, the upper layer winning per key, an empty value included", () => {
    fc.assert(
      fc.property(layer, layer, (upper, lower) => {
        const merged = mergeOptions(upper, lower).options;
        for (const key of ["k", "l"]) {
          expect(merged[key]).toBe(key in upper.options ? upper.options[key] : lower.options[key]);
        }
      }),
    );
  });

  it("uses the lower layer whole when the upper one is absent", () => {
    fc.assert(fc.property(layer, (lower) => mergeOptions(undefined, lower) === lower));
  });

  it("is associative: three layers merge the same in either order", () => {
    fc.assert(
      fc.property(layer, layer, layer, (a, b, c) => {
        expect(mergeOptions(mergeOptions(a, b), c)).toEqual(mergeOptions(a, mergeOptions(b, c)));
      }),
    );
  });
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { boundedText } from "../../src/domain/error-text.ts";

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

test("keeps a text that fits as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(boundedText(text, bytesOf(text))).toBe(text);
    }),
  );
});

test("keeps beginning and end of a longer one, and says how much was cut", () => {
  const text = `begin ${"x".repeat(10_000)} end`;
  const kept = boundedText(text, 1_000);
  expect(kept).toMatch(/^begin x+\n… \(9010 of 10010 bytes cut\) …\nx+ end$/);
});

test("cuts no character in two, and keeps no more than was allowed beside the note", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", minLength: 50, maxLength: 400 }),
      fc.integer({ min: 8, max: 120 }),
      (given, max) => {
        const text = given.toWellFormed();
        const kept = boundedText(text, max);
        expect(kept).not.toContain("\uFFFD".repeat(2));
        const withoutNote = kept.replace(/\n… \(\d+ of \d+ bytes cut\) …\n/, "");
        if (bytesOf(text) > max) expect(bytesOf(withoutNote)).toBeLessThanOrEqual(max + 3);
      },
    ),
  );
});

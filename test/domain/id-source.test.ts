import { describe, expect, it } from "vitest";
import { createIdSource } from "../../src/domain/id-source.ts";

const randomize = (bytes: Uint8Array) => void crypto.getRandomValues(bytes);

describe("new ids", () => {
  it("have the form of a UUID of version 7, with the time in front", () => {
    const newId = createIdSource({
      now: () => 0x0123_4567_89ab,
      randomize: (b) => void b.fill(255),
    });
    expect(newId()).toBe("01234567-89ab-7000-bfff-ffffffffffff");
    expect(newId()).toBe("01234567-89ab-7001-bfff-ffffffffffff");
  });

  it("grow, however many are made in a millisecond and wherever the clock goes", () => {
    const times = [5, 5, 9, 3, 4, 10];
    let i = 0;
    const newId = createIdSource({ now: () => times[i++ % times.length] ?? 0, randomize });
    const ids = Array.from({ length: 20_000 }, newId);
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("of two sources differ, at the same time", () => {
    const one = createIdSource({ now: () => 1, randomize });
    const other = createIdSource({ now: () => 1, randomize });
    const ids = Array.from({ length: 1_000 }, () => [one(), other()]).flat();
    expect(new Set(ids).size).toBe(2_000);
  });
});

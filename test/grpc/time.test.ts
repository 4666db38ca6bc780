import { expect, test } from "vitest";
import { Duration } from "../../src/gen/google/protobuf/duration.ts";
import { toDate, toDuration, toMs } from "../../src/grpc/time.ts";

const wire = (duration: Duration) => Duration.decode(Duration.encode(duration).finish());

test("durations go to the wire and back without loss", () => {
  for (const ms of [0, 1, 999, 1_000, 1_500, 86_400_000, 315_576_000_000_000, -1, -1_500]) {
    expect(toMs(wire(toDuration(ms)))).toBe(ms);
  }
});

test("the Rust SDK's default, protobuf's longest, is a number of milliseconds", () => {
  expect(toMs({ seconds: 315_576_000_000, nanos: 0 })).toBe(315_576_000_000_000);
});

test("what protobuf's range does not hold is cut to it", () => {
  expect(toMs({ seconds: 9_000_000_000_000, nanos: 0 })).toBe(315_576_000_000_000);
  expect(toMs({ seconds: -9_000_000_000_000, nanos: 0 })).toBe(-315_576_000_000_000);
});

test("an absent duration is 0, parts of a millisecond count as one", () => {
  expect(toMs(undefined)).toBe(0);
  expect(toMs({ seconds: 0, nanos: 300 })).toBe(1);
  expect(toMs({ seconds: 2, nanos: 1_000_001 })).toBe(2_002);
  expect(toMs({ seconds: 0, nanos: -300 })).toBe(-1);
});

test("a date that has not happened is absent", () => {
  expect(toDate(undefined)).toBeUndefined();
  expect(toDate(0)).toEqual(new Date(0));
});

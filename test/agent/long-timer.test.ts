import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { startTimer } from "../../src/agent/worker/long-timer.ts";

const DAY_MS = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it.each([1, 10, 25, 100, 3_650])("calls back after %i days, not before", (days) => {
  const act = vi.fn();
  startTimer(days * DAY_MS, act);
  vi.advanceTimersByTime(days * DAY_MS - 1);
  expect(act).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(act).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});

it("does not call back once it is called off, however far it has come", () => {
  const act = vi.fn();
  const stop = startTimer(100 * DAY_MS, act);
  vi.advanceTimersByTime(60 * DAY_MS);
  stop();
  vi.advanceTimersByTime(60 * DAY_MS);
  expect(act).not.toHaveBeenCalled();
});

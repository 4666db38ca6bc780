import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  FINAL_TASK_STATUSES,
  isFinal,
  mayChange,
  RESULT_MACHINE,
  ResultStatus,
  SESSION_MACHINE,
  SessionStatus,
  sourcesOf,
  TASK_MACHINE,
  TaskStatus,
} from "../../src/domain/status.ts";

const machines = [
  { name: "task", machine: TASK_MACHINE, statuses: Object.values(TaskStatus) },
  { name: "result", machine: RESULT_MACHINE, statuses: Object.values(ResultStatus) },
  { name: "session", machine: SESSION_MACHINE, statuses: Object.values(SessionStatus) },
] as { name: string; machine: Record<number, readonly number[]>; statuses: number[] }[];

describe.each(machines)("the $name machine", ({ machine, statuses }) => {
  it("knows every status, and leads to known ones only", () => {
    expect(Object.keys(machine).map(Number).sort()).toEqual([...statuses].sort());
    expect(statuses).toEqual(expect.arrayContaining(Object.values(machine).flat()));
  });

  it("I5: never leaves a final status, however long the walk", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...statuses)), (walk) => {
        let status = statuses[0] as number;
        let ended = false;
        for (const next of walk) {
          const change = mayChange(machine, status, next);
          expect(ended && change).toBe(false);
          if (change) status = next;
          ended = isFinal(machine, status);
        }
      }),
    );
  });

  it("answers sources and targets consistently", () => {
    for (const to of statuses) {
      for (const from of statuses) {
        expect(sourcesOf(machine, to).includes(from)).toBe(mayChange(machine, from, to));
      }
    }
  });
});

describe("the task machine", () => {
  it("I2: reaches a final status through PROCESSED only, CANCELLING of foreign writers aside", () => {
    for (const final of FINAL_TASK_STATUSES) {
      const doors = sourcesOf(TASK_MACHINE, final).filter((s) => s !== TaskStatus.CANCELLING);
      expect(doors).toEqual([TaskStatus.PROCESSED]);
    }
  });

  it("lets a decision be made from every status that is neither final nor staged nor decided", () => {
    const undecided = Object.values(TaskStatus).filter(
      (status) =>
        !isFinal(TASK_MACHINE, status) &&
        ![TaskStatus.CREATING, TaskStatus.PROCESSED, TaskStatus.CANCELLING].includes(
          status as never,
        ),
    );
    expect(sourcesOf(TASK_MACHINE, TaskStatus.PROCESSED).sort()).toEqual(undecided.sort());
  });

  it("names as final exactly the statuses that nothing leaves", () => {
    const ends = Object.values(TaskStatus).filter((status) => isFinal(TASK_MACHINE, status));
    expect([...FINAL_TASK_STATUSES].sort()).toEqual(ends.sort());
  });
});

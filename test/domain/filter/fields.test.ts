import { describe, expect, it } from "vitest";
import type { Condition, Filter } from "../../../src/domain/filter/conditions.ts";
import type { ResultFields, SessionFields, TaskFields } from "../../../src/domain/filter/fields.ts";
import { kindOf, RESULTS, SESSIONS, TASKS } from "../../../src/domain/filter/lists.ts";
import { OPTIONS, sessionRow, someSession, taskIn } from "../../support/rows.ts";

/**
 * For the compiler: where it accepts what stands below a `@ts-expect-error`, `npm run check` fails.
 * At run time nothing happens.
 */
const takes = <T>(_: T): void => {};

describe("fields of lists", () => {
  it("do not compile with a condition of another kind", () => {
    takes<Filter<TaskFields>>([
      [{ kind: "date", field: "createdAt", operator: "less", value: 1 }],
      [{ kind: "string", field: { option: "any key" }, operator: "startsWith", value: "a" }],
    ]);
    takes<Condition<TaskFields>>(
      // @ts-expect-error a date condition on a text field
      { kind: "date", field: "taskId", operator: "less", value: 1 },
    );
    takes<Condition<TaskFields>>(
      // @ts-expect-error an order of statuses
      { kind: "status", field: "status", operator: "less", value: 1 },
    );
    takes<Condition<TaskFields>>(
      // @ts-expect-error options are text
      { kind: "number", field: { option: "any key" }, operator: "less", value: 1 },
    );
    takes<Condition<ResultFields>>(
      // @ts-expect-error results have no options
      { kind: "string", field: { option: "any key" }, operator: "equal", value: "1" },
    );
    takes<Condition<SessionFields>>(
      // @ts-expect-error a field of tasks
      { kind: "string", field: "taskId", operator: "equal", value: "1" },
    );
  });

  it("have one kind each", () => {
    expect(kindOf(TASKS, "processingToEndMs")).toBe("duration");
    expect(kindOf(TASKS, { option: "createdAt" })).toBe("string");
    expect(kindOf(SESSIONS, "partitionIds")).toBe("array");
    expect(kindOf(RESULTS, "toString" as "name")).toBeUndefined();
  });

  it("are read from the row, its options, or what they are computed from", () => {
    const definition = taskIn(someSession(), {
      createdAt: 10,
      options: { ...OPTIONS, priority: 7 },
    });
    const task = {
      ...definition,
      status: 4,
      attempt: 1,
      ownerAgentId: "",
      ownerHostname: "",
    } as const;
    const ended = { ...task, receivedAt: 11, startedAt: 15, endedAt: 20 };
    const read = (field: Parameters<typeof TASKS.read>[1]) => TASKS.read(ended, field);
    expect(read("priority")).toBe(7);
    expect(read({ option: "color" })).toBe("blue");
    expect(read({ option: "toString" })).toBeUndefined();
    expect([read("creationToEndMs"), read("receivedToEndMs"), read("processingToEndMs")]).toEqual([
      ...[10, 9, 5],
    ]);
    expect(TASKS.read(task, "creationToEndMs")).toBeUndefined();
    expect(read("error")).toBe("");
    const commit = { outcome: "error", error: "it failed" } as const;
    expect(TASKS.read({ ...ended, commit }, "error")).toBe("it failed");
    expect(SESSIONS.read(sessionRow({ durationMs: 3 }), "durationMs")).toBe(3);
    expect(SESSIONS.read(sessionRow(), "partitionIds")).toEqual(["default"]);
    expect(SESSIONS.read(sessionRow(), "engineType")).toBe("engine");
    expect(SESSIONS.read(sessionRow(), { option: "color" })).toBe("blue");
  });
});

import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { resultId, taskId, sessionId as toSessionId } from "../../../src/domain/ids.ts";
import type { EventSubscriptionResponse as Event } from "../../../src/gen/events_common.ts";
import { type OpenGrid, openGrid } from "../open-grid.ts";
import { refusalOf } from "../refusal.ts";
import { chunksOf, newPayload, newResults, newSession, submit } from "../steps.ts";

const NEW_TASK = 1;
const TASK_STATUS = 2;
const NEW_RESULT = 3;
const RESULT_STATUS = 4;
const RESULT_OWNER = 5;
const COMPLETED = 2;
const CANCELLED = 8;
const PENDING = 12;

/** What the wait of the SDKs asks for. */
const WAIT = [NEW_RESULT, RESULT_STATUS] as const;

const text = (value: string) => ({ $case: "filterString", value: { value, operator: 0 } }) as const;
const resultIs = (field: number, value: string) => ({
  field: { field: { $case: "resultRawField" as const, value: { field: field as 7 } } },
  valueCondition: text(value),
});
const taskIs = (field: number, value: string) => ({
  field: { field: { $case: "taskSummaryField" as const, value: { field: field as 16 } } },
  valueCondition: text(value),
});
const anyOf = <T>(conditions: T[]) => ({ or: conditions.map((one) => ({ and: [one] })) });

describe("events", () => {
  let grid: OpenGrid;
  beforeAll(async () => {
    grid = await openGrid();
  });
  afterAll(() => grid[Symbol.asyncDispose]());

  /** Subscribes, and returns once the subscription is open on the server. */
  const subscribe = async (request: Parameters<OpenGrid["events"]["getEvents"]>[0]) => {
    const caller = new AbortController();
    const open = Promise.withResolvers<void>();
    const seen: NonNullable<Event["update"]>[] = [];
    const read = async () => {
      const { signal } = caller;
      const stream = grid.events.getEvents(request, { signal, onHeader: () => open.resolve() });
      for await (const { update } of stream) if (update) seen.push(update);
    };
    const ended = read().then(
      () => ({ status: "OK", details: "" }),
      (error) => refusalOf(Promise.reject(error)).catch(() => ({ status: "gone", details: "" })),
    );
    await open.promise;
    return {
      seen,
      ended,
      [Symbol.dispose]: () => caller.abort(),
    };
  };

  const upload = (sessionId: string, id: string) =>
    grid.results.uploadResultData(chunksOf({ sessionId, resultId: id }, new Uint8Array(1)));

  it("answers the rows that are there, then what changes", async () => {
    const sessionId = await newSession(grid);
    const payloadId = await newPayload(grid, sessionId);
    const [output = ""] = await newResults(grid, sessionId, ["output"]);
    const [first] = await submit(grid, sessionId, [{ payloadId }]);
    using subscription = await subscribe({ sessionId });
    const creation = { payloadId, dataDependencies: [output], expectedOutputKeys: [] };
    const [second = ""] = await submit(grid, sessionId, [creation]);
    await upload(sessionId, output);
    await vi.waitFor(() =>
      expect(subscription.seen).toContainEqual({
        $case: "taskStatusUpdate",
        value: { taskId: second, status: 2 },
      }),
    );
    const { seen } = subscription;
    const newTask = (id: string | undefined) =>
      expect.objectContaining({ $case: "newTask", value: expect.objectContaining({ taskId: id }) });
    expect(seen).toContainEqual(newTask(first));
    expect(seen).toContainEqual({
      $case: "newTask",
      value: {
        taskId: second,
        payloadId,
        originTaskId: second,
        status: expect.any(Number),
        expectedOutputKeys: [],
        dataDependencies: [output],
        retryOfIds: [],
        parentTaskIds: [sessionId],
      },
    });
    expect(seen).toContainEqual({
      $case: "newResult",
      value: { resultId: payloadId, ownerId: sessionId, status: COMPLETED },
    });
    expect(seen).toContainEqual({
      $case: "resultStatusUpdate",
      value: { resultId: output, status: COMPLETED },
    });
  });

  it("tells each status of a new task once, in order", async () => {
    const sessionId = await newSession(grid);
    const payloadId = await newPayload(grid, sessionId);
    const kinds = [NEW_TASK, TASK_STATUS] as const;
    using subscription = await subscribe({ sessionId, returnedEvents: [...kinds] });
    const ids = await submit(grid, sessionId, Array(300).fill({ payloadId }));
    await grid.tasks.cancelTasks({ taskIds: ids });
    const statusesOf = (id: string) =>
      subscription.seen.flatMap(({ $case, value }) =>
        ($case === "newTask" || $case === "taskStatusUpdate") && value.taskId === id
          ? [value.status]
          : [],
      );
    await vi.waitFor(() => expect(statusesOf(ids.at(-1) ?? "").at(-1)).toBe(CANCELLED));
    for (const id of ids) {
      const statuses = statusesOf(id);
      expect(statuses[0]).toBe(PENDING);
      expect(new Set(statuses).size).toBe(statuses.length);
    }
  });

  it("tells who owns a result now", async () => {
    const sessionId = await newSession(grid);
    const payloadId = await newPayload(grid, sessionId);
    const [output = ""] = await newResults(grid, sessionId, ["output"]);
    using subscription = await subscribe({ sessionId, returnedEvents: [RESULT_OWNER] });
    const [id] = await submit(grid, sessionId, [{ payloadId, expectedOutputKeys: [output] }]);
    await vi.waitFor(() =>
      expect(subscription.seen).toEqual([
        {
          $case: "resultOwnerUpdate",
          value: { resultId: output, previousOwnerId: "", currentOwnerId: id },
        },
      ]),
    );
  });

  it("misses nothing between what is there and what changes", async () => {
    const sessionId = await newSession(grid);
    const names = Array.from({ length: 3_000 }, (_, i) => `${i}`);
    const ids = await newResults(grid, sessionId, names);
    const { results } = grid.stores.tables;
    const completing = (async () => {
      for (const id of ids) {
        const one = { resultId: resultId(id), objectId: "o" as never, size: 1 };
        await results.complete([one], 1);
      }
    })();
    const subscriptions = [];
    for (let i = 0; i < 5; i += 1)
      subscriptions.push(await subscribe({ sessionId, returnedEvents: [...WAIT] }));
    await completing;
    for (const { seen } of subscriptions) {
      const completed = () =>
        new Set(
          seen.flatMap((update) =>
            (update.$case === "newResult" || update.$case === "resultStatusUpdate") &&
            update.value.status === COMPLETED
              ? [update.value.resultId]
              : [],
          ),
        );
      await vi.waitFor(() => expect(completed().size).toBe(ids.length), { timeout: 60_000 });
    }
    for (const subscription of subscriptions) subscription[Symbol.dispose]();
  });

  it("serves buckets of ids of a large session, each its own", async () => {
    const sessionId = await newSession(grid);
    const names = Array.from({ length: 2_000 }, (_, i) => `${i}`);
    const ids = await newResults(grid, sessionId, names);
    const buckets = Array.from({ length: 20 }, (_, i) => ids.slice(i * 100, i * 100 + 100));
    const subscriptions = await Promise.all(
      buckets.map((bucket) =>
        subscribe({
          sessionId,
          returnedEvents: [...WAIT],
          resultsFilters: anyOf(bucket.map((id) => resultIs(7, id))),
        }),
      ),
    );
    const completions = ids.map((id) => ({
      resultId: resultId(id),
      objectId: "o" as never,
      size: 1,
    }));
    await grid.stores.tables.results.complete(completions, 1);
    for (const [i, { seen }] of subscriptions.entries()) {
      await vi.waitFor(() => expect(seen.length).toBe(200));
      const told = new Set(seen.map(({ value }) => ("resultId" in value ? value.resultId : "")));
      expect(told).toEqual(new Set(buckets[i]));
    }
    for (const subscription of subscriptions) subscription[Symbol.dispose]();
  });

  it("looks at the rows for filters on anything else", async () => {
    const sessionId = await newSession(grid);
    const payloadId = await newPayload(grid, sessionId);
    using subscription = await subscribe({
      sessionId,
      returnedEvents: [NEW_RESULT, RESULT_STATUS, NEW_TASK, TASK_STATUS],
      resultsFilters: anyOf([resultIs(2, "wanted"), resultIs(7, "no such id")]),
      tasksFilters: anyOf([taskIs(20, payloadId)]),
    });
    const [wanted = "", other = ""] = await newResults(grid, sessionId, ["wanted", "other"]);
    const [seenTask = ""] = await submit(grid, sessionId, [{ payloadId }, { payloadId: other }]);
    await upload(sessionId, other);
    await upload(sessionId, wanted);
    await vi.waitFor(() =>
      expect(subscription.seen).toContainEqual({
        $case: "resultStatusUpdate",
        value: { resultId: wanted, status: COMPLETED },
      }),
    );
    const ids = subscription.seen.map(({ value }) =>
      "resultId" in value ? value.resultId : value.taskId,
    );
    expect(new Set(ids)).toEqual(new Set([seenTask, wanted]));
  });

  it.each([
    ["of another session", (id: string) => anyOf([resultIs(1, `not ${id}`)])],
    ["of no kind", () => undefined],
  ])("answers nothing %s, and goes on", async (_what, filters) => {
    const sessionId = await newSession(grid);
    const resultsFilters = filters(sessionId);
    using subscription = await subscribe({
      sessionId,
      returnedEvents: resultsFilters ? [...WAIT] : [0],
      resultsFilters,
    });
    using witness = await subscribe({ sessionId, returnedEvents: [NEW_RESULT] });
    await newResults(grid, sessionId, ["x"]);
    await vi.waitFor(() => expect(witness.seen.length).toBe(1));
    expect(subscription.seen).toEqual([]);
  });

  it("opens for a session that does not exist yet", async () => {
    using subscription = await subscribe({ sessionId: "later" });
    const at = { createdAt: 1, size: 0, objectId: "", manualDeletion: false } as const;
    const ids = { resultId: resultId("r"), sessionId: toSessionId("later"), name: "" };
    const row = { ...ids, ...at, createdBy: "", ownerTaskId: taskId("t"), status: 1 } as const;
    await grid.stores.tables.results.create([row]);
    const value = { resultId: "r", ownerId: "t", status: 1 };
    await vi.waitFor(() => expect(subscription.seen).toEqual([{ $case: "newResult", value }]));
  });

  it("lets go of callers who hang up, of many at once", async () => {
    const sessionId = await newSession(grid);
    const { running } = grid.metrics.rpc;
    const count = async () => (await running.get()).values[0]?.value ?? 0;
    await vi.waitFor(async () => expect(await count()).toBe(0));
    const subscriptions = await Promise.all(
      Array.from({ length: 200 }, () => subscribe({ sessionId })),
    );
    expect(await count()).toBe(200);
    for (const subscription of subscriptions) subscription[Symbol.dispose]();
    await vi.waitFor(async () => expect(await count()).toBe(0));
  });

  it("ends with UNAVAILABLE when the server stops, never with OK", async () => {
    await using stopping = await openGrid();
    const open = Promise.withResolvers<void>();
    const read = async () => {
      const stream = stopping.events.getEvents(
        { sessionId: "s" },
        { onHeader: () => open.resolve() },
      );
      for await (const _ of stream);
    };
    const refusal = refusalOf(read());
    await open.promise;
    await stopping.server.drain();
    expect(await refusal).toEqual({
      status: "UNAVAILABLE",
      details: "The service is shutting down: subscribe again",
    });
  });

  it("ends with UNAVAILABLE when the feed breaks", async () => {
    await using breaking = await openGrid();
    const open = Promise.withResolvers<void>();
    const read = async () => {
      const stream = breaking.events.getEvents(
        { sessionId: "s" },
        { onHeader: () => open.resolve() },
      );
      for await (const _ of stream);
    };
    const refusal = refusalOf(read());
    await open.promise;
    await breaking.stores.tables[Symbol.asyncDispose]();
    expect((await refusal).status).toBe("UNAVAILABLE");
  });
});

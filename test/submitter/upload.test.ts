import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { UploadResultDataRequest } from "../../src/gen/results_common.ts";
import { storedObjects } from "../support/stored-objects.ts";
import { connect, type OpenGrid, openGrid } from "./open-grid.ts";
import { openProxy } from "./proxy.ts";
import { refusalOf } from "./refusal.ts";
import { chunksOf, newPayload, newResults, newSession, submit } from "./steps.ts";

type Message = Partial<UploadResultDataRequest>;

const chunk = (...bytes: number[]): Message => ({
  type: { $case: "dataChunk", value: new Uint8Array(bytes) },
});

describe("upload", () => {
  let grid: OpenGrid;
  let sessionId: string;
  beforeAll(async () => {
    grid = await openGrid();
    sessionId = await newSession(grid);
  });
  afterAll(() => grid[Symbol.asyncDispose]());

  const newResult = async (): Promise<string> =>
    (await newResults(grid, sessionId, ["uploaded"]))[0] ?? "";
  const id = (resultId: string, session = sessionId): Message => ({
    type: { $case: "id", value: { sessionId: session, resultId } },
  });
  async function* stream(...messages: Message[]) {
    yield* messages;
  }
  const upload = (...messages: Message[]) => grid.results.uploadResultData(stream(...messages));
  const statusOf = async (resultId: string) =>
    (await grid.results.getResult({ resultId })).result?.status;
  const download = async (resultId: string) => {
    const chunks: Uint8Array[] = [];
    for await (const { dataChunk } of grid.results.downloadResultData({ resultId }))
      chunks.push(dataChunk);
    return Buffer.concat(chunks);
  };

  it("completes the result and answers it", async () => {
    const resultId = await newResult();
    const { result } = await upload(id(resultId), chunk(1, 2), chunk(), chunk(3));
    expect(result).toMatchObject({ resultId, sessionId, status: 2, size: 3, name: "uploaded" });
    expect(result?.completedAt).toBeInstanceOf(Date);
    expect([...(await download(resultId))]).toEqual([1, 2, 3]);
  });

  it("takes an id without chunks for empty data", async () => {
    const resultId = await newResult();
    expect((await upload(id(resultId))).result).toMatchObject({ status: 2, size: 0 });
  });

  it("makes the tasks that waited ready", async () => {
    const resultId = await newResult();
    const payloadId = await newPayload(grid, sessionId);
    const tasks = [{ payloadId, dataDependencies: [resultId] }, { payloadId: resultId }];
    const taskIds = await submit(grid, sessionId, tasks);
    const statuses = () =>
      Promise.all(
        taskIds.map(async (taskId) => (await grid.tasks.getTask({ taskId })).task?.status),
      );
    expect(await statuses()).toEqual([12, 12]);
    await upload(id(resultId), chunk(1));
    expect(await statuses()).toEqual([2, 2]);
  });

  it.each<[string, (resultId: string) => Message[], string, RegExp]>([
    ["nothing", () => [], "FAILED_PRECONDITION", /The upload is empty/],
    [
      "data first",
      () => [chunk(1)],
      "INVALID_ARGUMENT",
      /type: the first message is dataChunk; it must be an id/,
    ],
    ["an empty message first", () => [{}], "INVALID_ARGUMENT", /type: the first message is empty/],
    ["a second id", (r) => [id(r), chunk(1), id(r)], "INVALID_ARGUMENT", /type: message 3 is id/],
    [
      "an empty message later",
      (r) => [id(r), {}, chunk(1)],
      "INVALID_ARGUMENT",
      /type: message 2 is empty/,
    ],
    ["an unknown result", () => [id("nope"), chunk(1)], "NOT_FOUND", /Result was not found: nope/],
    [
      "an unknown session",
      (r) => [id(r, "nope"), chunk(1)],
      "NOT_FOUND",
      /Session was not found: nope/,
    ],
  ])("refuses %s and leaves the result as it was", async (_what, messages, status, words) => {
    const resultId = await newResult();
    const refusal = await refusalOf(upload(...messages(resultId)));
    expect(refusal).toEqual({ status, details: expect.stringMatching(words) });
    expect(await statusOf(resultId)).toBe(1);
  });

  it("refuses a result of another session", async () => {
    const resultId = await newResult();
    const elsewhere = await newSession(grid);
    const refusal = await refusalOf(upload(id(resultId, elsewhere), chunk(1)));
    expect(refusal.status).toBe("NOT_FOUND");
    expect(await statusOf(resultId)).toBe(1);
  });

  it("refuses a completed result before it reads any data", async () => {
    const resultId = await newResult();
    await upload(id(resultId), chunk(1));
    let read = 0;
    async function* endless() {
      yield id(resultId);
      for (;;) {
        read += 1;
        yield { type: { $case: "dataChunk" as const, value: new Uint8Array(65_536) } };
        await turn();
      }
    }
    expect(await refusalOf(grid.results.uploadResultData(endless()))).toEqual({
      status: "FAILED_PRECONDITION",
      details: `Result status is invalid: result ${resultId} has status 2, only a created one (1) takes data`,
    });
    expect(read).toBeLessThan(1_000);
    expect([...(await download(resultId))]).toEqual([1]);
  });

  it("lets one of two uploads of a result win, whole, and keeps no data of the other", async () => {
    const resultId = await newResult();
    const before = storedObjects(grid.path).length;
    const outcomes = await Promise.allSettled([
      upload(id(resultId), chunk(1, 1), chunk(1)),
      upload(id(resultId), chunk(2, 2), chunk(2)),
    ]);
    const won = outcomes.flatMap(({ status }, i) => (status === "fulfilled" ? [i + 1] : []));
    expect(won).toHaveLength(1);
    expect(storedObjects(grid.path)).toHaveLength(before + 1);
    expect([...(await download(resultId))]).toEqual([won[0], won[0], won[0]]);
  });

  it("carries 20 MB", async () => {
    const resultId = await newResult();
    const piece = new Uint8Array(2 ** 20).map((_, i) => i % 251);
    const pieces = Array.from({ length: 20 }, () => piece);
    const { result } = await grid.results.uploadResultData(
      chunksOf({ sessionId, resultId }, ...pieces),
    );
    expect(result?.size).toBe(20 * 2 ** 20);
    expect((await download(resultId)).equals(Buffer.concat(pieces))).toBe(true);
  });

  describe("of a caller that goes in the middle", () => {
    const piece: Message = { type: { $case: "dataChunk", value: new Uint8Array(65_536) } };

    /** More than connections buffer: when it is sent, the server is in the middle of it. */
    async function* half(resultId: string, sent: () => void) {
      yield id(resultId);
      for (let i = 0; i < 160; i += 1) yield piece;
      sent();
      await new Promise(() => {});
    }

    const nothingStored = async (resultId: string, before: number) => {
      const { running } = grid.metrics.rpc;
      await vi.waitFor(async () => expect((await running.get()).values[0]?.value).toBe(0));
      await vi.waitFor(() => expect(storedObjects(grid.path)).toHaveLength(before));
      expect(await statusOf(resultId)).toBe(1);
      expect((await upload(id(resultId), chunk(9))).result?.size).toBe(1);
    };

    it("forgets the data when the call is cancelled", async () => {
      const resultId = await newResult();
      const before = storedObjects(grid.path).length;
      const caller = new AbortController();
      const sent = Promise.withResolvers<void>();
      const { signal } = caller;
      const call = grid.results.uploadResultData(half(resultId, sent.resolve), { signal });
      await Promise.race([sent.promise, call]);
      caller.abort();
      await expect(call).rejects.toThrow();
      await nothingStored(resultId, before);
      expect(grid.lines.filter(({ level }) => level === "error")).toEqual([]);
    });

    it("forgets the data when the connection breaks", async () => {
      const resultId = await newResult();
      const before = storedObjects(grid.path).length;
      await using proxy = await openProxy(grid.server.address);
      await using stack = new AsyncDisposableStack();
      const { results } = connect(proxy.target, stack);
      const sent = Promise.withResolvers<void>();
      const call = results.uploadResultData(half(resultId, sent.resolve));
      await Promise.race([sent.promise, call]);
      proxy.cut();
      expect((await refusalOf(call)).status).toBe("UNAVAILABLE");
      await nothingStored(resultId, before);
    });
  });
});

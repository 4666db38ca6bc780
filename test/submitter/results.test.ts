import { Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resultId } from "../../src/domain/ids.ts";
import { ResultStatus } from "../../src/domain/status.ts";
import type { ResultRawEnumField } from "../../src/gen/results_fields.ts";
import { type OpenGrid, openGrid } from "./open-grid.ts";
import { newResults, newSession } from "./steps.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** All data of a result, and in how many messages it came. */
async function download({ results }: OpenGrid, resultId: string) {
  const chunks: Uint8Array[] = [];
  for await (const { dataChunk } of results.downloadResultData({ resultId }))
    chunks.push(dataChunk);
  return { data: Buffer.concat(chunks), messages: chunks.length };
}

describe("results", () => {
  let grid: OpenGrid;
  let sessionId: string;
  beforeAll(async () => {
    grid = await openGrid();
    sessionId = await newSession(grid);
  });
  afterAll(() => grid[Symbol.asyncDispose]());

  it("creates rows without data, in the order of the request", async () => {
    const reply = await grid.results.createResultsMetaData({
      sessionId,
      results: [{ name: "a" }, { name: "b", manualDeletion: true }, { name: "a" }],
    });
    expect(reply.results.map(({ name }) => name)).toEqual(["a", "b", "a"]);
    expect(new Set(reply.results.map(({ resultId }) => resultId)).size).toBe(3);
    expect(reply.results[1]).toMatchObject({
      sessionId,
      status: 1,
      ownerTaskId: "",
      createdBy: "",
      size: 0,
      manualDeletion: true,
    });
    expect(reply.results[1]?.completedAt).toBeUndefined();
  });

  it("creates rows with data, completed at once, owned by the session", async () => {
    const names = ["small", "empty", "large", "small again"];
    const data = [bytes("one"), bytes(""), new Uint8Array(300_000).fill(7), bytes("two")];
    const reply = await grid.results.createResults({
      sessionId,
      results: names.map((name, i) => ({ name, data: data[i] ?? bytes("") })),
    });
    expect(reply.results.map(({ name, size }) => [name, size])).toEqual([
      ["small", 3],
      ["empty", 0],
      ["large", 300_000],
      ["small again", 3],
    ]);
    for (const [i, { resultId, status, ownerTaskId, completedAt }] of reply.results.entries()) {
      expect({ status, ownerTaskId }).toEqual({ status: 2, ownerTaskId: sessionId });
      expect(completedAt).toBeInstanceOf(Date);
      expect((await download(grid, resultId)).data).toEqual(Buffer.from(data[i] ?? ""));
    }
  });

  it("answers empty data with no message at all", async () => {
    const { results } = await grid.results.createResults({ sessionId, results: [{ name: "" }] });
    const { messages } = await download(grid, results[0]?.resultId ?? "");
    expect(messages).toBe(0);
  });

  it("answers large data in messages that every client can receive", async () => {
    const data = new Uint8Array(5 * 2 ** 20).fill(1);
    const { results } = await grid.results.createResults({ sessionId, results: [{ data }] });
    const [row] = results;
    let largest = 0;
    const stream = grid.results.downloadResultData({ resultId: row?.resultId ?? "" });
    for await (const { dataChunk } of stream) largest = Math.max(largest, dataChunk.length);
    expect(largest).toBeLessThanOrEqual(2 * 2 ** 20);
  });

  it("names no object of a deleted result, and gives no data of it", async () => {
    const [result] = (
      await grid.results.createResults({ sessionId, results: [{ name: "a", data: bytes("data") }] })
    ).results;
    expect(result?.opaqueId).not.toEqual(bytes(""));
    await grid.stores.tables.results.delete([resultId(result?.resultId ?? "")]);
    const { result: deleted } = await grid.results.getResult({ resultId: result?.resultId ?? "" });
    expect(deleted).toMatchObject({ status: ResultStatus.DELETED, opaqueId: bytes("") });
    await expect(download(grid, result?.resultId ?? "")).rejects.toMatchObject({
      code: Status.NOT_FOUND,
    });
  });

  it("keeps a name of a megabyte", async () => {
    const name = "é".repeat(2 ** 19);
    const [resultId = ""] = await newResults(grid, sessionId, [name]);
    expect((await grid.results.getResult({ resultId })).result?.name).toBe(name);
  });

  it("takes an empty list for nothing to do", async () => {
    expect((await grid.results.createResults({ sessionId })).results).toEqual([]);
    expect((await grid.results.createResultsMetaData({ sessionId })).results).toEqual([]);
  });

  it("announces the size of chunks", async () => {
    const { dataChunkMaxSize } = await grid.results.getServiceConfiguration({});
    expect(dataChunkMaxSize).toBe(2 ** 21);
  });

  it("stops reading when the caller of a download goes", async () => {
    const data = new Uint8Array(20 * 2 ** 20);
    const { results } = await grid.results.createResults({ sessionId, results: [{ data }] });
    for await (const { dataChunk } of grid.results.downloadResultData(results[0] ?? {})) {
      expect(dataChunk.length).toBeGreaterThan(0);
      break;
    }
    expect((await grid.versions.listVersions({})).core).toBe("1.2.3");
  });

  describe("lists", () => {
    const by = (field: ResultRawEnumField, direction: 1 | 2 = 1) => ({
      direction,
      field: { field: { $case: "resultRawField" as const, value: { field } } },
    });
    const condition = (field: ResultRawEnumField, valueCondition: object) => ({
      field: by(field).field,
      valueCondition: valueCondition as never,
    });
    const inSession = (id: string) =>
      condition(1, { $case: "filterString", value: { value: id, operator: 0 } });
    let own: string;

    beforeAll(async () => {
      own = await newSession(grid);
      await newResults(grid, own, ["c", "a", "b"]);
      await grid.results.createResults({
        sessionId: own,
        results: [{ name: "d", data: bytes("x") }],
      });
    });

    const names = async (filters: object, sort = by(2), page = 0, pageSize = 10) => {
      const reply = await grid.results.listResults({ filters, sort, page, pageSize });
      return [reply.results.map(({ name }) => name), reply.total];
    };

    it("filters, sorts and pages", async () => {
      const filters = { or: [{ and: [inSession(own)] }] };
      expect(await names(filters)).toEqual([["a", "b", "c", "d"], 4]);
      expect(await names(filters, by(2, 2), 1, 3)).toEqual([["a"], 4]);
      const size = condition(8, { $case: "filterNumber", value: { value: 0, operator: 5 } });
      expect(await names({ or: [{ and: [inSession(own), size] }] })).toEqual([["d"], 1]);
      const status = condition(4, { $case: "filterStatus", value: { value: 2, operator: 1 } });
      expect(await names({ or: [{ and: [inSession(own), status] }] })).toEqual([
        ["a", "b", "c"],
        3,
      ]);
      const never = condition(6, { $case: "filterDate", value: { operator: 0 } });
      expect(await names({ or: [{ and: [inSession(own), never] }] })).toEqual([["a", "b", "c"], 3]);
    });

    it("counts only, for a page size of 0", async () => {
      expect(await names({ or: [{ and: [inSession(own)] }] }, by(2), 0, 0)).toEqual([[], 4]);
    });

    it("answers a page that nobody can reach as empty", async () => {
      const far = 2 ** 31 - 1;
      expect(await names({ or: [{ and: [inSession(own)] }] }, by(2), far, far)).toEqual([[], 4]);
    });
  });
});

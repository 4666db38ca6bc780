import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { OPTIONS, type OpenGrid, OTHER_PARTITION, openGrid } from "./open-grid.ts";
import { refusalOf } from "./refusal.ts";
import { newPayload, newResults, newSession, submit } from "./steps.ts";

const RUNNING = 1;
const CANCELLED = 2;
const PAUSED = 3;
const CLOSED = 4;

describe("sessions", () => {
  let grid: OpenGrid;
  beforeAll(async () => {
    grid = await openGrid();
  });
  afterAll(() => grid[Symbol.asyncDispose]());
  beforeEach(() => {
    grid.workflows.away = false;
  });

  const sessionOf = async (sessionId: string) =>
    (await grid.sessions.getSession({ sessionId })).session;

  describe("creation", () => {
    it("opens a running session on the default partition and starts its workflow", async () => {
      const defaultTaskOption = { ...OPTIONS, partitionId: "", options: { key: "value" } };
      const { sessionId } = await grid.sessions.createSession({ defaultTaskOption });
      expect(await sessionOf(sessionId)).toEqual({
        sessionId,
        status: RUNNING,
        clientSubmission: true,
        workerSubmission: true,
        partitionIds: ["default"],
        options: { ...defaultTaskOption, partitionId: "default" },
        createdAt: expect.any(Date),
      });
      expect(grid.workflows.started).toContain(sessionId);
    });

    it("takes a single empty partition for the default one, as SDKs send it", async () => {
      expect((await sessionOf(await newSession(grid, [""])))?.partitionIds).toEqual(["default"]);
    });

    it("takes a partition that is named twice for one", async () => {
      const sessionId = await newSession(grid, [OTHER_PARTITION, "default", OTHER_PARTITION]);
      const { partitionIds } = (await sessionOf(sessionId)) ?? {};
      expect(partitionIds).toEqual([OTHER_PARTITION, "default"]);
    });

    it("lets tasks without a partition run on one of the session's", async () => {
      const { sessionId } = await grid.sessions.createSession({
        defaultTaskOption: { ...OPTIONS, partitionId: "" },
        partitionIds: [OTHER_PARTITION],
      });
      expect((await sessionOf(sessionId))?.options?.partitionId).toBe(OTHER_PARTITION);
    });

    it("cuts a duration that no clock can hold to what protobuf allows", async () => {
      const maxDuration = { seconds: 2 ** 52, nanos: 0 };
      const defaultTaskOption = { ...OPTIONS, maxDuration };
      const { sessionId } = await grid.sessions.createSession({ defaultTaskOption });
      expect((await sessionOf(sessionId))?.options?.maxDuration?.seconds).toBe(315_576_000_000);
    });

    it("leaves nothing behind when the workflow does not start", async () => {
      grid.workflows.away = true;
      const refusal = await refusalOf(newSession(grid));
      expect(refusal).toEqual({
        status: "UNAVAILABLE",
        details: "A service behind this one is away: the session's workflow did not start",
      });
      const [refused] = grid.workflows.refused;
      if (!refused) throw new Error("the stand-in was not asked");
      expect(await grid.stores.tables.sessions.get(refused)).toBeUndefined();
    });
  });

  describe("control", () => {
    it("pauses and resumes", async () => {
      const sessionId = await newSession(grid);
      expect((await grid.sessions.pauseSession({ sessionId })).session?.status).toBe(PAUSED);
      expect((await grid.sessions.resumeSession({ sessionId })).session?.status).toBe(RUNNING);
    });

    it("answers the resumption of a running session without asking the workflow", async () => {
      const sessionId = await newSession(grid);
      grid.workflows.away = true;
      expect((await grid.sessions.resumeSession({ sessionId })).session?.status).toBe(RUNNING);
    });

    it("closes, with the date and both submissions stopped", async () => {
      const sessionId = await newSession(grid);
      const { session } = await grid.sessions.closeSession({ sessionId });
      expect(session).toMatchObject({ status: CLOSED, closedAt: expect.any(Date) });
      expect(session).toMatchObject({ clientSubmission: false, workerSubmission: false });
      expect(session?.duration).toBeDefined();
    });

    it("cancels, and ends every wait for a result", async () => {
      const sessionId = await newSession(grid);
      const payloadId = await newPayload(grid, sessionId);
      const [output = ""] = await newResults(grid, sessionId, ["output"]);
      const [taskId = ""] = await submit(grid, sessionId, [
        { payloadId, expectedOutputKeys: [output] },
      ]);
      const { session } = await grid.sessions.cancelSession({ sessionId });
      expect(session).toMatchObject({ status: CANCELLED, cancelledAt: expect.any(Date) });
      expect((await grid.results.getResult({ resultId: output })).result?.status).toBe(3);
      expect((await grid.tasks.getTask({ taskId })).task?.status).toBe(8);
    });

    it.each([
      ["paused", "pauseSession", "pauseSession", "The session is Paused: cannot pause"],
      ["closed", "closeSession", "pauseSession", "The session is Closed: cannot pause"],
      ["closed", "closeSession", "resumeSession", "The session is Closed: cannot resume"],
      ["closed", "closeSession", "closeSession", "The session is Closed: cannot close"],
      ["cancelled", "cancelSession", "resumeSession", "The session is Cancelled: cannot resume"],
      ["cancelled", "cancelSession", "cancelSession", "The session is Cancelled: cannot cancel"],
    ] as const)("refuses for a session that is %s (%s, then %s)", async (_, first, then, words) => {
      const sessionId = await newSession(grid);
      await grid.sessions[first]({ sessionId });
      expect(await refusalOf(grid.sessions[then]({ sessionId }))).toEqual({
        status: "FAILED_PRECONDITION",
        details: `The session transition is invalid: ${words} (${sessionId})`,
      });
    });

    it("says so when Temporal is away", async () => {
      const sessionId = await newSession(grid);
      grid.workflows.away = true;
      const refusal = await refusalOf(grid.sessions.pauseSession({ sessionId }));
      expect(refusal.status).toBe("UNAVAILABLE");
    });
  });

  describe("stopping submission", () => {
    it("stops the side that is named, for good", async () => {
      const sessionId = await newSession(grid);
      const first = await grid.sessions.stopSubmission({ sessionId, client: true });
      expect(first.session).toMatchObject({ clientSubmission: false, workerSubmission: true });
      const second = await grid.sessions.stopSubmission({ sessionId, worker: true });
      expect(second.session).toMatchObject({ clientSubmission: false, workerSubmission: false });
    });

    it("only reads without a flag, or when there is nothing left to stop", async () => {
      const sessionId = await newSession(grid);
      await grid.sessions.closeSession({ sessionId });
      grid.workflows.away = true;
      const calls = [{ sessionId }, { sessionId, client: true, worker: true }];
      for (const call of calls)
        expect((await grid.sessions.stopSubmission(call)).session?.status).toBe(CLOSED);
    });

    it("refuses tasks afterwards", async () => {
      const sessionId = await newSession(grid);
      const payloadId = await newPayload(grid, sessionId);
      await grid.sessions.stopSubmission({ sessionId, client: true });
      expect(await refusalOf(submit(grid, sessionId, [{ payloadId }]))).toEqual({
        status: "FAILED_PRECONDITION",
        details: `Submission for the session is closed: session ${sessionId} takes no tasks from clients`,
      });
    });
  });
});

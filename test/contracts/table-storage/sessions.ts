import { expect, it } from "vitest";
import { SessionStatus } from "../../../src/domain/status.ts";
import { sessionRow, someSession } from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";

const { CANCELLED, CLOSED, PAUSED, RUNNING } = SessionStatus;

export function sessions({ open }: TableStoragePromises): void {
  it("gives back a session as it was stored", async () => {
    const { sessions } = await open();
    const session = sessionRow({ cancelledAt: 5, durationMs: 7 });
    await sessions.create(session);
    expect(await sessions.get(session.sessionId)).toEqual(session);
    expect(await sessions.get(someSession())).toBeUndefined();
  });

  it("leaves a session that exists as it is", async () => {
    const { sessions } = await open();
    const session = sessionRow();
    await sessions.create(session);
    await sessions.create({ ...session, status: CLOSED, createdAt: 9 });
    expect(await sessions.get(session.sessionId)).toEqual(session);
  });

  it("answers the statuses of those sessions that it knows", async () => {
    const { sessions } = await open();
    const [one, two] = [sessionRow(), sessionRow({ status: PAUSED })];
    await sessions.create(one);
    await sessions.create(two);
    const ids = [two.sessionId, someSession(), one.sessionId, one.sessionId];
    expect(await sessions.statuses(ids)).toEqual(
      new Map([
        [one.sessionId, RUNNING],
        [two.sessionId, PAUSED],
      ]),
    );
  });

  it("changes a session in one of the statuses asked for", async () => {
    const { sessions } = await open();
    const session = sessionRow();
    await sessions.create(session);
    const change = { status: CLOSED, closedAt: 8, clientSubmission: false };
    const expected = { session: { ...session, ...change }, changed: true };
    expect(await sessions.change(session.sessionId, [PAUSED, RUNNING], change)).toEqual(expected);
    expect(await sessions.get(session.sessionId)).toEqual(expected.session);
    expect((await sessions.statuses([session.sessionId])).get(session.sessionId)).toBe(CLOSED);
  });

  it("leaves a session in another status, and answers it", async () => {
    const { sessions } = await open();
    const session = sessionRow();
    await sessions.create(session);
    const change = { status: RUNNING, closedAt: 8 };
    expect(await sessions.change(session.sessionId, [PAUSED], change)).toEqual({
      session,
      changed: false,
    });
  });

  it("refuses to change a session that it does not know", async () => {
    const { sessions } = await open();
    await expect(sessions.change(someSession(), [RUNNING], {})).rejects.toMatchObject({
      code: "SESSION_NOT_FOUND",
    });
  });

  it("lets one of many concurrent changes win", async () => {
    const [one, two] = [await open(), await open()];
    const session = sessionRow();
    await one.sessions.create(session);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 ? one : two).sessions.change(session.sessionId, [RUNNING], {
          status: CANCELLED,
          cancelledAt: i,
        }),
      ),
    );
    const winners = outcomes.filter((outcome) => outcome.changed);
    expect(winners).toHaveLength(1);
    expect(await two.sessions.get(session.sessionId)).toEqual(winners[0]?.session);
  });

  it("removes a session, and removes it again without complaint", async () => {
    const { sessions } = await open();
    const session = sessionRow();
    await sessions.create(session);
    await sessions.remove(session.sessionId);
    await sessions.remove(session.sessionId);
    expect(await sessions.get(session.sessionId)).toBeUndefined();
  });
}

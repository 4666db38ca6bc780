import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SessionId, taskId } from "../../src/domain/ids.ts";
import { countRoundTrips } from "../support/round-trips.ts";
import { openStores, type TestStores } from "../support/stores.ts";

let stores: TestStores;
let session: SessionId;
beforeAll(async () => {
  stores = await openStores();
  session = await stores.newSession();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe("a count of round trips", () => {
  it("takes calls made together for one, and those that follow for more", async () => {
    const { stores: counted, measure } = countRoundTrips(stores);
    const { sessions, tasks } = counted.tables;
    const get = () => sessions.get(session);
    const chain = async () => {
      expect((await get())?.sessionId).toBe(session);
      await tasks.get([taskId("none")]);
    };
    const trips = await measure(() => Promise.all([chain(), get(), counted.queue.ping()]));
    expect(trips).toEqual([["sessions.get", "sessions.get", "queue.ping"], ["tasks.get"]]);
  });

  it("leaves out lists that are empty, but no filter that is", async () => {
    const { stores: counted, measure } = countRoundTrips(stores);
    const { tasks } = counted.tables;
    const trips = await measure(async () => {
      await tasks.get([]);
      await counted.queue.publish([]);
      await tasks.countByStatus([]);
    });
    expect(trips).toEqual([["tasks.countByStatus"]]);
  });

  it("tells whoever called that their call has failed", async () => {
    const { stores: counted, measure } = countRoundTrips(stores);
    const failing = () => counted.tables.sessions.change(session, [], {});
    const unknown = "unknown" as SessionId;
    const refused = () => counted.tables.sessions.change(unknown, [], {});
    const trips = measure(() => Promise.all([failing(), refused()]));
    await expect(trips).rejects.toThrow("Session was not found");
    expect((await counted.tables.sessions.get(session))?.sessionId).toBe(session);
  });
});

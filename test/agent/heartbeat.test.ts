import { describe, expect, it } from "vitest";
import type { Control } from "../../src/agent/check-held.ts";
import { createHeartbeat } from "../../src/agent/heartbeat.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import { toContext } from "./context.ts";
import { freshGrid, gate } from "./scene.ts";

const grid = freshGrid();

/** An agent that holds nothing, with a clock of its own. */
function openAgent(acts: Partial<Control> = {}, change: (stores: Stores) => Stores = (s) => s) {
  const clock = { ms: 0 };
  const { stores } = grid();
  const given = toContext(grid(), change({ ...stores, monotonicNow: () => clock.ms }));
  const context = { ...given, settings: { ...given.settings, heartbeatMs: 3_600_000 } };
  const control = { revoke: () => {}, pause: async () => {}, started: async () => {}, ...acts };
  const { agents } = stores.tables;
  const { agentId } = context.owner;
  return {
    ...{ clock, agents, agentId, heartbeat: createHeartbeat(context, control) },
    row: async () => (await agents.get([agentId]))[0],
  };
}

/** How long an agent may go without a heartbeat, and begin something all the same. */
const leaseMs = () => 0.9 * grid().stores.scheduling.leaseMs;

describe("HB2: a lease", () => {
  it("counts from the beginning of the check that its heartbeat followed", async () => {
    const { heartbeat, clock } = openAgent({}, (stores) => {
      const { agents } = stores.tables;
      const slow: typeof agents.heartbeat = async (agent) => {
        clock.ms += 100;
        return await agents.heartbeat(agent);
      };
      return { ...stores, tables: { ...stores.tables, agents: { ...agents, heartbeat: slow } } };
    });
    expect(heartbeat.isOver).toBe(true);
    await heartbeat.once();
    expect(heartbeat.isOver).toBe(false);
    clock.ms = leaseMs();
    expect(heartbeat.isOver).toBe(false);
    clock.ms = leaseMs() + 1;
    expect(heartbeat.isOver).toBe(true);
    await heartbeat.once();
    expect(heartbeat.isOver).toBe(false);
  });

  it("is not renewed by a heartbeat after which the agent's row is a new one", async () => {
    const { heartbeat, agents, agentId, clock } = openAgent();
    await heartbeat.once();
    await heartbeat.once();
    clock.ms = leaseMs() + 1;
    // Its observers took it for dead while its check was under way.
    await agents.remove(agentId);
    await heartbeat.once();
    expect(heartbeat.isOver).toBe(true);
    await heartbeat.once();
    expect(heartbeat.isOver).toBe(false);
  });

  it("is renewed after a takeover by the second check only, not while it is under way", async () => {
    const { heartbeat, agents, agentId, clock } = openAgent();
    await heartbeat.once();
    clock.ms = leaseMs() + 1;
    expect(await agents.takeOver(agentId, 1)).toBe(true);
    for (let i = 0; i < 3; i += 1) await heartbeat.once();
    expect(heartbeat.isOver).toBe(true);
    await agents.remove(agentId, 0);
    await heartbeat.once();
    expect(heartbeat.isOver).toBe(true);
    await heartbeat.once();
    expect(heartbeat.isOver).toBe(false);
  });

  it("is renewed at once for who asks", async () => {
    const { heartbeat, clock, row } = openAgent();
    await heartbeat.once();
    const stop = new AbortController();
    const running = heartbeat.run(stop.signal);
    clock.ms = leaseMs() + 1;
    await heartbeat.renewed();
    expect(heartbeat.isOver).toBe(false);
    expect((await row())?.heartbeats).toBeGreaterThan(1);
    stop.abort();
    await running;
  });
});

describe("HB3: a requested check", () => {
  it("is answered by the next heartbeat but one, when its notice was lost", async () => {
    const { heartbeat, agents, agentId, row } = openAgent();
    await heartbeat.once();
    await agents.requestChecks([agentId]);
    await heartbeat.once();
    expect(await row()).toMatchObject({ checksRequested: 1, checksDone: 0 });
    await heartbeat.once();
    expect(await row()).toMatchObject({ checksRequested: 1, checksDone: 1 });
  });

  it("is not answered before what had begun is stored, and keeps no heartbeat from its time", async () => {
    const stored = gate();
    const { heartbeat, agents, agentId, row } = openAgent({ started: () => stored.promise });
    await heartbeat.once();
    await agents.requestChecks([agentId]);
    await heartbeat.once();
    await heartbeat.once();
    await heartbeat.once();
    expect(await row()).toMatchObject({ heartbeats: 4, checksDone: 0 });
    stored.resolve();
    await heartbeat.once();
    expect(await row()).toMatchObject({ heartbeats: 5, checksDone: 1 });
  });
});

// Watches the agents' heartbeats, and takes over from those that fall silent.
//
//   LI1. No clock is compared: an agent lives while its counter moves, judged by our own monotonic
//       clock. It is dead after `leaseMs` of silence that we can vouch for.
//   LI2. Silence counts only while we could have heard: a round in which our own write and read
//       were slow or failed adds nothing, and a round adds at most twice the pause between rounds.
//       So a slow store, or a stopped observer, never kills live agents.
//   LI3. An owner without a row is dead: an agent removes its row only when it owns no task.
//   LI4. Of an agent's process on our own machine the kernel knows that it has died: then there is
//       nothing to wait for.
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentId } from "../../domain/ids.ts";
import { recoverFrom } from "../../lifecycle/recover.ts";
import type { Stores } from "../../lifecycle/stores.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { isGone, placeOfProcess } from "./process-mark.ts";

export interface LivenessOptions {
  readonly leaseMs: number;
  /** The pause between two rounds. */
  readonly everyMs?: number;
}

interface Seen {
  /** The counter; undefined for an owner without a row. */
  readonly heartbeats?: number | undefined;
  readonly process?: string | undefined;
}

interface Suspect extends Seen {
  silentMs: number;
}

const ROUNDS_PER_LEASE = 8;
/** Of the pause between two rounds: longer than this, and the store is too slow to judge others. */
const PROMPT = 0.5;

/** Observes until it is disposed. */
export function createLiveness(
  { stores, log }: { stores: Stores; log: Logger },
  { leaseMs, everyMs = Math.max(50, leaseMs / ROUNDS_PER_LEASE) }: LivenessOptions,
): AsyncDisposable {
  const place = placeOfProcess();
  const suspects = new Map<AgentId, Suspect>();
  const stop = new AbortController();
  let judgedAt = performance.now();

  /** By agent, owners without a row included. */
  const observe = async (): Promise<Map<AgentId, Seen>> => {
    await stores.tables.probe();
    // Owners first: an agent that appears between the two has its row by the second.
    const owners = await stores.tables.tasks.owners();
    const rows = await stores.tables.agents.list();
    return new Map<AgentId, Seen>([
      ...owners.map((owner) => [owner, {}] as const),
      ...rows.map((row) => [row.agentId, row] as const),
    ]);
  };

  const isDead = ({ process, silentMs }: Suspect): boolean =>
    silentMs > leaseMs || (process !== undefined && isGone(process, place));

  /** The dead, with the counters that stand still. */
  const judge = (
    seen: ReadonlyMap<AgentId, Seen>,
    silentMs: number,
  ): { id: AgentId; heartbeats: number }[] => {
    for (const id of suspects.keys()) if (!seen.has(id)) suspects.delete(id);
    for (const [id, { heartbeats, process }] of seen) {
      const known = suspects.get(id);
      // Taken over by us or another observer: it has not spoken.
      const isSilent = known !== undefined && (heartbeats === 0 || known.heartbeats === heartbeats);
      const silentSoFar = isSilent ? known.silentMs + silentMs : 0;
      suspects.set(id, { heartbeats, process, silentMs: silentSoFar });
    }
    return [...suspects].flatMap(([id, suspect]) =>
      isDead(suspect) ? [{ id, heartbeats: suspect.heartbeats ?? 0 }] : [],
    );
  };

  const round = async (): Promise<void> => {
    const start = performance.now();
    const seen = await observe();
    const end = performance.now();
    const elapsed = Math.min(end - judgedAt, 2 * everyMs);
    judgedAt = end;
    const prompt = end - start <= Math.max(100, PROMPT * everyMs);
    for (const { id, heartbeats } of judge(seen, prompt ? elapsed : 0))
      await takeOver(id, heartbeats);
  };

  /** What one agent left may not keep the others' tasks waiting. */
  const takeOver = async (id: AgentId, heartbeats: number): Promise<void> => {
    try {
      const tasks = await recoverFrom(stores, id, heartbeats);
      suspects.delete(id);
      if (tasks === undefined) return;
      log.warn({ agentId: id, tasks }, "agent is dead, its tasks were taken over");
    } catch (error) {
      if (!stop.signal.aborted)
        log.warn({ agentId: id, err: error }, "taking over failed, will be repeated");
    }
  };

  const observing = (async () => {
    while (!stop.signal.aborted) {
      await sleep(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
      if (stop.signal.aborted) break;
      await round().catch((error: unknown) => {
        judgedAt = performance.now();
        if (!stop.signal.aborted) log.warn({ err: error }, "agents could not be observed");
      });
    }
  })();

  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await observing;
    },
  };
}

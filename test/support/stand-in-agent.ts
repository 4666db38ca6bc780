/** Runs tasks without a worker: what an agent does to the stores, and nothing else. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createIdleTime } from "../../src/agent/idle-time.ts";
import { type AgentId, agentId, partitionId } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import type { CommitRecord, Task } from "../../src/domain/task.ts";
import { isDecided, rollForward } from "../../src/lifecycle/roll-forward.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";

export interface StandInAgent extends AsyncDisposable {
  readonly agentId: AgentId;
  /** Tasks begun, in order. */
  readonly begun: Task[];
  /** Takes no more tasks. */
  pause(): Promise<void>;
  /** Stops heartbeating, as if dead; what it holds it keeps. */
  silence(): void;
}

export interface StandInOptions {
  /** Answers the outcome; "held" means never. */
  readonly run?: (task: Task) => Promise<CommitRecord | "held">;
  readonly partition?: string;
  /** How many tasks it runs at once; without a limit if absent. */
  readonly slots?: number;
}

export const OK: CommitRecord = { outcome: "completed", results: [], staged: false };

export async function openStandInAgent(
  stores: Stores,
  { run = async () => OK, partition = "default", slots = Infinity }: StandInOptions = {},
): Promise<StandInAgent> {
  const { tables, queue } = stores;
  const self = { agentId: agentId(`agent-${randomUUID()}`), hostname: "here" };
  const partitionOf = partitionId(partition);
  const stop = new AbortController();
  const taking = new AbortController();
  const begun: Task[] = [];
  const running = new Set<Promise<void>>();
  let silent = false;

  const idle = createIdleTime();
  let isWaiting = false;
  let inHand = 0;

  let checksDone = 0;

  /** It begins at once what it takes: a check finds nothing that has not begun. */
  const heartbeat = async (): Promise<void> => {
    if (isWaiting && running.size === 0) idle.start();
    else idle.end();
    const { checksRequested } = await tables.agents.heartbeat({
      agentId: self.agentId,
      partitionId: partitionOf,
      hostname: "",
      held: 0,
      idleMs: idle.ms,
      checksDone,
    });
    checksDone = checksRequested;
  };

  const runAll = async (tasks: readonly Task[]): Promise<void> => {
    const at = Date.now();
    await tables.tasks.start(
      tasks.map(({ taskId, attempt }) => ({ taskId, attempt, fetchedAt: at, startedAt: at })),
    );
    begun.push(...tasks);
    const records = await Promise.all(tasks.map(run));
    const decisions = tasks.flatMap(({ taskId, attempt }, i) => {
      const record = records[i];
      if (record === undefined || record === "held") return [];
      return [{ taskId, attempt, from: [TaskStatus.PROCESSING], record }];
    });
    const decided = await tables.tasks.decide(decisions, Date.now());
    const won = decided.filter(({ ok }) => ok).map(({ taskId }) => taskId);
    await rollForward(stores, (await tables.tasks.get(won)).filter(isDecided));
  };

  const polling = (async () => {
    await heartbeat();
    while (!taking.signal.aborted) {
      const free = slots - inHand;
      if (free < 1) {
        await Promise.race(running);
        continue;
      }
      isWaiting = true;
      const deliveries = await queue.receive(partitionOf, Math.min(64, free), taking.signal);
      isWaiting = false;
      idle.end();
      if (deliveries.length === 0) continue;
      const ids = deliveries.map(({ message }) => message.taskId);
      const tasks = await tables.tasks.acquire([...new Set(ids)], self, Date.now());
      await queue.ack(deliveries);
      inHand += tasks.length;
      const work = runAll(tasks).finally(() => {
        inHand -= tasks.length;
        running.delete(work);
      });
      running.add(work);
      work.catch(() => {});
    }
  })();

  const heartbeating = (async () => {
    while (!stop.signal.aborted && !silent) {
      await heartbeat();
      await sleep(100, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();

  return {
    agentId: self.agentId,
    begun,
    async pause() {
      taking.abort();
      await polling;
    },
    silence() {
      silent = true;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      taking.abort();
      await Promise.all([polling, heartbeating]);
      // A task that is held for ever keeps nobody.
      await Promise.race([Promise.allSettled(running), sleep(200)]);
    },
  };
}

// Starts and ends of attempts, written in groups.
//
//   CM1. One flush at a time; what arrives meanwhile goes into the next. In a flush, starts are
//       written before ends are decided, so that no end overtakes its start.
//   CM2. Objects and staged rows first, then the decision (I2), then the roll-forward (I3): the
//       message was acknowledged at acquisition (AQ1). What was stored for a refused decision is
//       removed.
//   CM3. An outage is waited for. Whatever is repeated is idempotent, and nothing but the decision's
//       answer tells whether an attempt counts.
//   CM4. While LIMIT ends are uncommitted `room()` makes the runner wait before its next call. Ends of
//       attempts that never ran (take-in.ts) count, and do not wait.
import { TaskStatus } from "../../domain/status.ts";
import { allOf } from "../../lifecycle/all-of.ts";
import { dropAttempts } from "../../lifecycle/discard-uncommitted.ts";
import { type Decided, rollForward } from "../../lifecycle/roll-forward.ts";
import { createChangeEvent } from "../change-event.ts";
import type { AgentContext } from "../context.ts";
import { type Attempt, idsOf, keyOf } from "../execution/attempt.ts";
import type { Outcome } from "../execution/outcome.ts";
import { type RetryOptions, retryUntilAvailable } from "../retry-until-available.ts";
import { createBatcher } from "./batcher.ts";
import type { Settler } from "./settle.ts";
import { createStoring, type Decidable, type End } from "./store-ends.ts";

const LIMIT = 64;
/** A failure that repeats while the store answers is not an outage. */
const TRIES = 4;

export interface Committer {
  /** The call begins now; the write does not hold it up. */
  start(attempt: Attempt): void;
  /** `from` is the status in which the attempt ends, if it never ran. */
  end(attempt: Attempt, outcome: Outcome, from?: TaskStatus): void;
  /** Resolves when all starts that were added so far are written. */
  started(): Promise<void>;
  /** Waits until another end may be added. */
  room(): Promise<void>;
  /** Resolves when nothing is left to be written. */
  idle(): Promise<void>;
}

export interface CommitterOptions {
  readonly context: AgentContext;
  readonly settler: Settler;
  /** Told of attempts that may not run: their start was refused. */
  readonly revoke: (attempts: readonly Attempt[]) => void;
  readonly failed: (error: unknown) => void;
  readonly flushDelay?: () => Promise<void> | undefined;
}

type Item = { readonly kind: "start"; readonly attempt: Attempt } | End;

export function createCommitter(options: CommitterOptions): Committer {
  const { context, settler, revoke, failed } = options;
  const { stores, log, metrics, held, ending, partitionId } = context;
  const { tables } = stores;
  const patient: RetryOptions = { log, signal: ending };
  const freed = createChangeEvent();
  const wrote = createChangeEvent();
  /** Starts are written in order: how many were added, and how many are written. */
  const starts = { added: 0, written: 0 };
  ending.addEventListener("abort", freed.notify, { once: true });
  let uncommitted = 0;

  const startAll = async (attempts: readonly Attempt[]): Promise<void> => {
    if (attempts.length === 0) return;
    const written = attempts.map((attempt) => ({
      ...keyOf(attempt),
      fetchedAt: attempt.fetchedAt,
      startedAt: attempt.startedAt,
    }));
    const answers = await retryUntilAvailable(patient, "start tasks", () =>
      tables.tasks.start(written),
    );
    const refused = attempts.filter((attempt, i) => {
      const answer = answers[i];
      // A repeated start finds itself: the number is nobody else's.
      const ours = answer?.attempt === attempt.task.attempt;
      return !answer?.ok && !(ours && answer.status === TaskStatus.PROCESSING);
    });
    if (refused.length > 0) revoke(refused);
    starts.written += attempts.length;
    wrote.notify();
  };

  /** Answers those that count; what the others stored is for the caller to remove. */
  const decideAll = async (group: readonly Decidable[]) => {
    const at = stores.now();
    const answers = await retryUntilAvailable(patient, "decide tasks", () =>
      tables.tasks.decide(
        group.map(({ decision }) => decision),
        at,
      ),
    );
    const decided: Decided[] = [];
    const refused: Attempt[] = [];
    for (const [i, one] of group.entries()) {
      const { attempt, decision } = one;
      held.delete(attempt);
      const answer = answers[i];
      const { record } = decision;
      if (answer?.ok) {
        metrics.tasksDecided.inc({ partition: partitionId, outcome: record.outcome });
        decided.push({ ...attempt.task, status: TaskStatus.PROCESSED, commit: record });
      } else {
        const current = { status: answer?.status, attempt: answer?.attempt };
        log.warn({ ...idsOf(attempt), outcome: record.outcome, current }, "commit refused");
        metrics.commitsRefused.inc({ partition: partitionId });
        if (record.outcome === "completed") refused.push(attempt);
      }
    }
    return { decided, refused };
  };

  const removeStored = async (attempts: readonly Attempt[]): Promise<void> => {
    if (attempts.length === 0) return;
    const tasks = attempts.map(({ task }) => task);
    await retryUntilAvailable({ ...patient, tries: TRIES }, "remove what does not count", () =>
      dropAttempts(stores, tasks),
    ).catch((error: unknown) => {
      // Garbage, invisible to all, is better than an agent that stands still.
      const taskIds = tasks.map(({ taskId }) => taskId);
      log.error({ taskIds, err: error }, "outputs of refused attempts were left behind");
    });
  };

  const carryOut = async (tasks: readonly Decided[]): Promise<void> => {
    if (tasks.length === 0) return;
    const limited = { ...patient, tries: TRIES };
    try {
      await retryUntilAvailable(limited, "carry out decisions", () => rollForward(stores, tasks));
    } catch (error) {
      ending.throwIfAborted();
      if (tasks.length > 1) for (const task of tasks) await carryOut([task]);
      else
        log.error(
          { sessionId: tasks[0]?.sessionId, taskId: tasks[0]?.taskId, err: error },
          "decided task left to supervision",
        );
    }
  };

  const flush = async (items: readonly Item[]): Promise<void> => {
    const begun = items.filter(({ kind }) => kind === "start");
    const ends = items.filter((item) => item.kind === "end");
    const [decidable] = await allOf([
      storing.toDecidable(ends),
      startAll(begun.map(({ attempt }) => attempt)),
    ]);
    if (decidable.length === 0) return;
    const { decided, refused } = await decideAll(decidable);
    uncommitted -= decidable.length;
    freed.notify();
    await allOf([carryOut(decided), removeStored(refused)]);
    settler.settled(decidable.map(({ attempt }) => attempt));
  };

  const group = createBatcher<Item>({
    flush,
    failed,
    ...(options.flushDelay && { flushDelay: options.flushDelay }),
  });
  const storing = createStoring({ context, patient, again: group.add, failed });

  return {
    start(attempt) {
      starts.added += 1;
      group.add({ kind: "start", attempt });
    },
    async started() {
      const added = starts.added;
      while (starts.written < added) await wrote.next();
    },
    end(attempt, outcome, from = TaskStatus.PROCESSING) {
      uncommitted += 1;
      attempt.stage = "ended";
      group.add({ kind: "end", attempt, outcome, from });
    },
    async room() {
      while (uncommitted >= LIMIT && !ending.aborted) await freed.next();
    },
    async idle() {
      do await Promise.all([group.idle(), storing.idle()]);
      while (group.size + storing.size > 0);
    },
  };
}

import {
  allHandlersFinished,
  CancellationScope,
  type CancelledFailure,
  condition,
  continueAsNew,
  proxyActivities,
  upsertSearchAttributes,
  workflowInfo,
} from "@temporalio/workflow";
import type { Activities } from "../activities/index.ts";
import { endTasks, mayOpen, openNext } from "./batches.ts";
import { applyCommand } from "./commands.ts";
import { toContinued } from "./continued-state.ts";
import {
  CONTROL_QUEUE,
  type SessionInput,
  type SessionState,
  statusAttribute,
} from "./contracts.ts";
import { registerHandlers } from "./handlers.ts";
import { RETRY_FOREVER } from "./retry.ts";
import { isOver, isSettled, openRun, publish, type Run, toRecorded, viewOf } from "./state.ts";

const { recordStatus } = proxyActivities<Activities>({
  taskQueue: CONTROL_QUEUE,
  startToCloseTimeout: "30s",
  retry: RETRY_FOREVER,
});

/**
 * One session, from CreateSession until nothing can happen to it any more.
 *
 *   WF1. State is small and carried whole over continue-as-new.
 *   WF2. Handlers only move state; the loop acts on it.
 *   WF3. A batch is open from `openNext` until its activity settles; at most `window` are open.
 *   WF4. An update answers only when table storage holds what it reports.
 *   WF5. Temporal's own cancel is the verb `cancel`, except that the workflow ends as Canceled.
 */
export async function session(input: SessionInput): Promise<SessionState> {
  const run = openRun(input);
  registerHandlers(run);
  let cancelled: CancelledFailure | undefined;
  CancellationScope.current().cancelRequested.catch((failure: CancelledFailure) => {
    cancelled = failure;
    applyCommand(run, "cancel");
  });
  await CancellationScope.nonCancellable(() => supervise(run, input));
  if (cancelled) throw cancelled;
  return viewOf(run);
}

/** Does what can be done, and sleeps until there is more, until nothing is left for ever. */
async function supervise(run: Run, input: SessionInput): Promise<void> {
  for (;;) {
    await record(run);
    if (isOver(run) && run.ending === "no") endTasks(run);
    if (isFinished(run)) return;
    if (mustHandOver(run)) await handOver(run, input);
    else while (mayOpen(run)) openNext(run);
    publish(run);
    // The only condition of the main path: every job of an activation evaluates all that wait.
    await condition(() => isAwake(run));
  }
}

/** Brings table storage and search attributes to what the handlers have set. */
async function record(run: Run): Promise<void> {
  while (!isSettled(run)) {
    const wanted = toRecorded(run.state);
    const summary = `record: ${wanted.status}`;
    await recordStatus.executeWithOptions({ summary }, [{ sessionId: run.sessionId, ...wanted }]);
    if (wanted.status !== run.recorded.status) {
      upsertSearchAttributes([{ key: statusAttribute, value: wanted.status }]);
    }
    run.recorded = wanted;
  }
}

/** Handlers included: one that still waits may have changed the state since. */
const isFinished = (run: Run): boolean =>
  isSettled(run) && run.ending === "done" && run.state.open.length === 0 && allHandlersFinished();

/** A session that is over opens nothing more: it may as well end in this run. */
const mustHandOver = (run: Run): boolean => workflowInfo().continueAsNewSuggested && !isOver(run);

const isAwake = (run: Run): boolean =>
  !isSettled(run) || mayOpen(run) || isFinished(run) || mustHandOver(run);

const LAST_CALL = { summary: "time for open batches to end in this run" };

/**
 * Ends this run; what is still open is opened again by the next.
 *
 * Returns when a verb arrives meanwhile: its handler waits for the loop, so waiting here for the
 * handler would wait for ever.
 */
async function handOver(run: Run, input: SessionInput): Promise<void> {
  if (!run.drained) {
    // Once: a stream of verbs must not put the end of this run off for ever.
    run.drained = true;
    await condition(() => run.state.open.length === 0 || !isSettled(run), "1s", LAST_CALL);
  }
  await condition(() => allHandlersFinished() || !isSettled(run));
  if (isSettled(run))
    await continueAsNew<typeof session>({ ...input, state: toContinued(run.state) });
}

/** Signals, updates and queries of the session. They only move state: the loop acts on it. */
import {
  condition,
  log,
  setDefaultSignalHandler,
  setHandler,
  TemporalFailure,
} from "@temporalio/workflow";
import { RULES, type StopSubmission, VERBS, type Verb } from "../domain/verbs.ts";
import * as grid from "./contracts.ts";
import { noteReady, noteSubmitted } from "./notices.ts";
import { isOver, isSettled, type Run, viewOf } from "./state.ts";
import { check, obey } from "./verbs.ts";

const SOON = "300ms";
const PATIENCE = { summary: "time for the tasks to end" };

/** Buffered messages are handled inside: everything they touch must exist by now. */
export function registerHandlers(run: Run): void {
  for (const verb of VERBS) registerVerb(run, verb);
  setHandler(grid.batchesSubmitted, (mark) => noteSubmitted(run, mark), {
    description: "Submitter only: batches 1…upTo are in table storage",
  });
  setHandler(grid.batchesReady, (notice) => noteReady(run, notice), {
    description: "Orchestrator only: these parked batches have ready tasks",
  });
  setDefaultSignalHandler((name) => log.warn("unknown signal ignored", { name }));
  setHandler(grid.sessionQuery, () => viewOf(run), {
    description: "Status, batches and counters",
  });
  setHandler(grid.openBatchesQuery, () => [...run.state.open], {
    description: "Batches supervised now",
  });
}

function registerVerb(run: Run, verb: Verb): void {
  const { description } = RULES[verb];
  setHandler(
    grid.verbUpdate(verb),
    async (stop: Partial<StopSubmission>) => {
      obey(run, verb, stop);
      // Answered only when table storage holds what the answer says.
      await condition(() => isSettled(run));
      // Most sessions' tasks end at once: whoever asked for the end then finds it done.
      if (isOver(run)) await condition(() => run.ending === "done", SOON, PATIENCE);
      return viewOf(run);
    },
    { description, validator: (_stop: Partial<StopSubmission>) => check(run, verb) },
  );
  setHandler(
    grid.verbSignal(verb),
    (stop: Partial<StopSubmission>) => {
      try {
        check(run, verb);
        obey(run, verb, stop);
      } catch (error) {
        // A signal has nobody to refuse to.
        if (!(error instanceof TemporalFailure)) throw error;
        log.warn("signal refused", { verb, reason: error.message });
      }
    },
    { description },
  );
}

/** Signals, updates and queries of the session. They only move state: the loop acts on it. */
import {
  condition,
  log,
  setDefaultSignalHandler,
  setHandler,
  TemporalFailure,
} from "@temporalio/workflow";
import {
  RULES,
  SESSION_COMMANDS,
  type SessionCommand,
  type StopSubmission,
} from "../domain/session-commands.ts";
import { applyCommand, check } from "./commands.ts";
import * as grid from "./contracts.ts";
import { noteReady, noteSubmitted } from "./signals.ts";
import { isOver, isSettled, type Run, viewOf } from "./state.ts";

const SOON = "300ms";
const PATIENCE = { summary: "time for the tasks to end" };

/** Buffered messages are handled inside: everything they touch must exist by now. */
export function registerHandlers(run: Run): void {
  for (const command of SESSION_COMMANDS) registerVerb(run, command);
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

function registerVerb(run: Run, command: SessionCommand): void {
  const { description } = RULES[command];
  setHandler(
    grid.commandUpdate(command),
    async (stop: Partial<StopSubmission>) => {
      applyCommand(run, command, stop);
      // Answered only when table storage holds what the answer says.
      await condition(() => isSettled(run));
      // Most sessions' tasks end at once: whoever asked for the end then finds it done.
      if (isOver(run)) await condition(() => run.ending === "done", SOON, PATIENCE);
      return viewOf(run);
    },
    { description, validator: (_stop: Partial<StopSubmission>) => check(run, command) },
  );
  setHandler(
    grid.commandSignal(command),
    (stop: Partial<StopSubmission>) => {
      try {
        check(run, command);
        applyCommand(run, command, stop);
      } catch (error) {
        // A signal has nobody to refuse to.
        if (!(error instanceof TemporalFailure)) throw error;
        log.warn("signal refused", { command, reason: error.message });
      }
    },
    { description },
  );
}

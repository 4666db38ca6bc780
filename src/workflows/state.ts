import { CancellationScope, setCurrentDetails } from "@temporalio/workflow";
import type { SessionId } from "../domain/ids.ts";
import { fromContinued } from "./continued-state.ts";
import type { SessionInput, SessionState } from "./contracts.ts";

/** The part of the state that table storage has to hold as well. */
export type Recorded = Pick<SessionState, "status" | "clientSubmission" | "workerSubmission">;

/** What handlers, loop and watchers of one run of the workflow share. */
export interface Run {
  readonly sessionId: SessionId;
  readonly window: number;
  readonly state: SessionState;
  /** What table storage holds, as far as this run knows. */
  recorded: Recorded;
  /** Encloses all watchers, so that cancelling the session stops them at once. */
  readonly watchers: CancellationScope;
  /** Open batches that were said to be ready: their watcher may park them too late to notice. */
  readonly early: Set<number>;
  /** The activity that ends the session's tasks: not needed yet, at work, or done. */
  ending: "no" | "yes" | "done";
  /** Open batches were given the time to end before this run does. */
  drained: boolean;
  /** A look at the parked batches is planned. */
  checkingParked: boolean;
  parkedCheckMs: number;
}

export const FIRST_PARKED_CHECK_MS = 60_000;

const INITIAL: SessionState = {
  status: "Running",
  clientSubmission: true,
  workerSubmission: true,
  upTo: 0,
  next: 1,
  open: [],
  again: [],
  parked: [],
  names: {},
  tasks: 0,
  completed: 0,
  failed: 0,
};

export const toRecorded = (state: SessionState): Recorded => {
  const { status, clientSubmission, workerSubmission } = state;
  return { status, clientSubmission, workerSubmission };
};

/** A copy: what is handed out or carried over must not change with the state. */
export const viewOf = ({ state }: Run): SessionState => ({
  ...state,
  open: [...state.open],
  again: [...state.again],
  parked: [...state.parked],
  names: { ...state.names },
});

export function openRun({ sessionId, window, state: given }: SessionInput): Run {
  const continued = fromContinued(given ?? INITIAL);
  // Batches that were open when the last run ended are opened again, before anything new.
  const state = { ...continued, open: [], again: [...continued.open, ...continued.again] };
  return {
    ...{ sessionId, window, state, recorded: toRecorded(state) },
    watchers: new CancellationScope(),
    early: new Set(),
    ending: "no",
    drained: false,
    checkingParked: false,
    parkedCheckMs: FIRST_PARKED_CHECK_MS,
  };
}

export const isOver = ({ state }: Run): boolean =>
  state.status === "Closed" || state.status === "Cancelled";

/** Does table storage hold what the handlers have set? */
export function isSettled({ state, recorded }: Run): boolean {
  return (
    recorded.status === state.status &&
    recorded.clientSubmission === state.clientSubmission &&
    recorded.workerSubmission === state.workerSubmission
  );
}

/** For people. Costs no event, so it is called on every change: the loop may sleep through it. */
export function publish({ state }: Run): void {
  const { status, completed, failed, tasks } = state;
  const submission = state.clientSubmission ? "" : ", no more submissions";
  const failure = state.lastFailure ? `\n\nLast failure: ${state.lastFailure}` : "";
  setCurrentDetails(
    `**${status}**${submission}: ${completed} completed, ${failed} failed of ${tasks} tasks\n\n` +
      `${whatIsLeft(state)}${failure}`,
  );
}

/** Tells, in the words of a person who asks why a task does not run, where batches are. */
function whatIsLeft(state: SessionState): string {
  const { status, open, parked, again } = state;
  const waiting = state.upTo - state.next + 1 + again.length;
  const held = status === "Paused" ? "until the session is resumed" : "for a place among these";
  const lines = [
    [open.length, "open: Pending Activities shows their progress"],
    [waiting, `waiting ${held}`],
    [parked.length, `waiting for inputs that are not there yet${namesOf(state, parked)}`],
  ] as const;
  const some = lines.filter(([count]) => count > 0);
  if (some.length === 0) return "No task is left to be done.";
  return some
    .map(([count, what]) => `${count} ${count === 1 ? "batch" : "batches"} ${what}`)
    .join("  \n");
}

const NAMES_SHOWN = 10;

function namesOf({ names }: SessionState, batches: readonly number[]): string {
  const known = batches.flatMap((batch) => names[batch] ?? []);
  if (known.length === 0) return "";
  const more = known.length > NAMES_SHOWN ? ", …" : "";
  return `: ${known.slice(0, NAMES_SHOWN).join(", ")}${more}`;
}

import { ApplicationFailure } from "@temporalio/workflow";
import {
  RULES,
  refusalOf,
  type SessionCommand,
  type StopSubmission,
} from "../domain/session-commands.ts";
import { publish, type Run } from "./state.ts";

/** @throws what an update answers when the command is refused. */
export function check({ state }: Run, command: SessionCommand): void {
  const refusal = refusalOf(command, state.status);
  if (refusal !== undefined) {
    throw ApplicationFailure.nonRetryable(refusal, "INVALID_SESSION_TRANSITION");
  }
}

/** Moves the state; the loop acts on it. What people send by hand may come without an argument. */
export function applyCommand(
  run: Run,
  command: SessionCommand,
  given?: Partial<StopSubmission> | null,
): void {
  const { state } = run;
  const stop = given ?? {};
  const { to = state.status } = RULES[command];
  state.status = to;
  const ends = to === "Closed" || to === "Cancelled";
  // An operator who sends the command without saying whom to stop means everybody.
  const all =
    command === "stopSubmission" && stop.client === undefined && stop.worker === undefined;
  if (ends || all || stop.client) state.clientSubmission = false;
  if (ends || all || stop.worker) state.workerSubmission = false;
  if (to === "Cancelled") run.watchers.cancel();
  publish(run);
}

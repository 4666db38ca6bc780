import { ApplicationFailure } from "@temporalio/workflow";
import { RULES, refusalOf, type StopSubmission, type Verb } from "../domain/verbs.ts";
import { publish, type Run } from "./state.ts";

/** @throws what an update answers when the verb is refused. */
export function check({ state }: Run, verb: Verb): void {
  const refusal = refusalOf(verb, state.status);
  if (refusal !== undefined) {
    throw ApplicationFailure.nonRetryable(refusal, "INVALID_SESSION_TRANSITION");
  }
}

/** Moves the state; the loop acts on it. What people send by hand may come without an argument. */
export function obey(run: Run, verb: Verb, given?: Partial<StopSubmission> | null): void {
  const { state } = run;
  const stop = given ?? {};
  const { to = state.status } = RULES[verb];
  state.status = to;
  const ends = to === "Closed" || to === "Cancelled";
  // An operator who sends the verb without saying whom to stop means everybody.
  const all = verb === "stopSubmission" && stop.client === undefined && stop.worker === undefined;
  if (ends || all || stop.client) state.clientSubmission = false;
  if (ends || all || stop.worker) state.workerSubmission = false;
  if (to === "Cancelled") run.watchers.cancel();
  publish(run);
}

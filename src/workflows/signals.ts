/** What submitters and orchestrators tell a session's workflow. People can send it too, as anything. */
import { log } from "@temporalio/workflow";
import type { BatchesSubmitted } from "../domain/batch.ts";
import type { BatchesReady } from "./contracts.ts";
import { FIRST_PARKED_CHECK_MS, publish, type Run } from "./state.ts";

/** A handler that throws would stop the session for ever: the signal stays in its history. */
export function noteSubmitted(run: Run, given: Partial<BatchesSubmitted> | null): void {
  const { upTo, tasks, names } = given ?? {};
  if (!isCount(upTo) || !isCount(tasks)) {
    ignore("batchesSubmitted");
    return;
  }
  const { state } = run;
  for (const [batch, name] of Object.entries(names ?? {})) {
    if (Number(batch) >= state.next) state.names[Number(batch)] = String(name);
  }
  state.upTo = Math.max(state.upTo, upTo);
  state.tasks = Math.max(state.tasks, tasks);
  publish(run);
}

export function noteReady(run: Run, given: Partial<BatchesReady> | null): void {
  const { batches } = given ?? {};
  if (!Array.isArray(batches)) {
    ignore("batchesReady");
    return;
  }
  const { state } = run;
  for (const batch of batches) {
    if (state.parked.includes(batch)) state.again.push(batch);
    else if (state.open.includes(batch)) run.early.add(batch);
  }
  state.parked = state.parked.filter((batch) => !batches.includes(batch));
  run.parkedCheckMs = FIRST_PARKED_CHECK_MS;
  publish(run);
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

const ignore = (name: string): void => log.warn("malformed signal ignored", { name });

/** What the submitter, the session workflow and its operators say to each other. Safe to import anywhere. */
import { defineSearchAttributeKey, SearchAttributeType } from "@temporalio/common";
import { defineQuery, defineSignal, defineUpdate } from "@temporalio/workflow";
import type { BatchesSubmitted } from "../domain/batch.ts";
import type { SessionId } from "../domain/ids.ts";
import type {
  SessionCommand,
  SessionStatusName,
  StopSubmission,
} from "../domain/session-commands.ts";
import type { ContinuedState } from "./continued-state.ts";

/** Workflows and watchers share one Temporal task queue: eager execution needs that. */
export const BATCH_QUEUE = "grid-batches";
/** Short activities have their own, or 64 watchers a session would starve them. */
export const CONTROL_QUEUE = "grid-control";

export const SESSION_WORKFLOW = "session";

const ID_PREFIX = "session-";

export const sessionWorkflowId = (sessionId: SessionId): string => ID_PREFIX + sessionId;

/** The inverse; undefined if the workflow is not one of a session. */
export const sessionIdOf = (workflowId: string): SessionId | undefined =>
  workflowId.startsWith(ID_PREFIX) ? (workflowId.slice(ID_PREFIX.length) as SessionId) : undefined;

/** What the session's workflow knows: numbers, flags, at most 64 names. `continued-state.ts` says what of it survives continue-as-new. */
export interface SessionState {
  status: SessionStatusName;
  clientSubmission: boolean;
  workerSubmission: boolean;
  /** Batches 1…upTo are in table storage. Only grows. */
  upTo: number;
  /** The next batch never opened before. */
  next: number;
  /** Batches supervised now. */
  open: number[];
  /** To be opened again, before anything new: no longer parked. */
  again: number[];
  /** Batches that wait for later submissions; they hold no place in the window. */
  parked: number[];
  /** Names of single-task batches not yet settled, by batch. */
  names: Record<number, string>;
  tasks: number;
  completed: number;
  failed: number;
  /** Which task failed last, as far as batches tell, and why; shortened. */
  lastFailure?: string | undefined;
}

export interface SessionInput {
  sessionId: SessionId;
  /** Batches open at once. */
  window: number;
  /** Absent in the first run. */
  state?: ContinuedState;
}

export interface BatchesReady {
  batches: number[];
}

export const batchesSubmitted = defineSignal<[BatchesSubmitted]>("batchesSubmitted");
export const batchesReady = defineSignal<[BatchesReady]>("batchesReady");

/** What the control plane and people call: answers with the new state, or refuses. */
export const commandUpdate = (command: SessionCommand) =>
  defineUpdate<SessionState, [Partial<StopSubmission>]>(command);
/** What an operator picks in the Temporal UI, or sends to many sessions at once. */
export const commandSignal = (command: SessionCommand) =>
  defineSignal<[Partial<StopSubmission>]>(command);

export const sessionQuery = defineQuery<SessionState>("session");
export const openBatchesQuery = defineQuery<number[]>("openBatches");

export const statusAttribute = defineSearchAttributeKey(
  "GridSessionStatus",
  SearchAttributeType.KEYWORD,
);
export const partitionAttribute = defineSearchAttributeKey(
  "GridPartition",
  SearchAttributeType.KEYWORD,
);

// What ended attempts are to be decided with: their outputs are stored first, out of sight.
//
//   ST1. Light ends of a flush are stored together. A heavy one is stored by itself, holds up nobody,
//       and comes back as an end of a later flush.
//   ST2. Outputs that cannot be read are their attempt's own failure; a store that is away is not.
import type { Decision } from "../../adaptors/table-storage.ts";
import { afterFailure } from "../../domain/retry.ts";
import type { TaskStatus } from "../../domain/status.ts";
import type { CommitRecord } from "../../domain/task.ts";
import type { AgentContext } from "../context.ts";
import { type Attempt, keyOf } from "../execution/attempt.ts";
import type { Outcome } from "../execution/outcome.ts";
import { type RetryOptions, retryUntilAvailable } from "../retry-until-available.ts";
import { collect, type Made, type Stored, storeOutputs } from "./store-outputs.ts";

/** A failure that repeats while the store answers is not an outage. */
const TRIES = 4;

export interface End {
  readonly kind: "end";
  readonly attempt: Attempt;
  readonly outcome: Outcome;
  /** The status in which the attempt ends. */
  readonly from: TaskStatus;
  readonly stored?: Stored | undefined;
}

/** An end with its commit record. */
export interface Decidable {
  readonly attempt: Attempt;
  readonly decision: Decision;
}

export interface Storing {
  /** Those of the ends that can be decided now; heavy ones come back through `again`. */
  toDecidable(ends: readonly End[]): Promise<Decidable[]>;
  /** Ends that are being stored by themselves. */
  readonly size: number;
  /** Resolves when those that are being stored by themselves now are. */
  idle(): Promise<unknown>;
}

export interface StoringOptions {
  readonly context: AgentContext;
  readonly patient: RetryOptions;
  readonly again: (end: End) => void;
  readonly failed: (error: unknown) => void;
}

export function createStoring({ context, patient, again, failed }: StoringOptions): Storing {
  const alone = new Set<Promise<void>>();

  const sort = (end: End, light: { end: End; made: Made }[], decidable: Decidable[]): void => {
    const made = look(end.attempt);
    if (typeof made === "string") {
      const { task } = end.attempt;
      decidable.push(decidableOf(end, afterFailure(task, { error: made, crashed: false })));
    } else if (made.heavy) {
      const storing: Promise<void> = storeAlone(end, made)
        .catch(failed)
        .finally(() => alone.delete(storing));
      alone.add(storing);
    } else light.push({ end, made });
  };

  /**
   * Does not hold up the others; joins a later flush. Files that cannot be read any more are the
   * attempt's own fault.
   */
  const storeAlone = async (end: End, made: Made): Promise<void> => {
    const limited = { ...patient, tries: TRIES };
    try {
      const [stored] = await retryUntilAvailable(limited, "store outputs", () =>
        storeOutputs(context, [made]),
      );
      again({ ...end, stored });
    } catch (error) {
      context.ending.throwIfAborted();
      const why = `Outputs could not be stored: ${reasonOf(error)}`;
      again({
        ...end,
        outcome: afterFailure(end.attempt.task, { error: why, crashed: false }),
      });
    }
  };

  return {
    async toDecidable(ends) {
      const decidable: Decidable[] = [];
      const light: { end: End; made: Made }[] = [];
      for (const end of ends) {
        if (end.outcome !== "completed") decidable.push(decidableOf(end, end.outcome));
        else if (end.stored) decidable.push(decidableOf(end, end.stored));
        else sort(end, light, decidable);
      }
      const stored = await retryUntilAvailable(patient, "store outputs", () =>
        storeOutputs(
          context,
          light.map(({ made }) => made),
        ),
      );
      for (const [i, { end }] of light.entries()) {
        const one = stored[i];
        if (one) decidable.push(decidableOf(end, one));
      }
      return decidable;
    },
    get size() {
      return alone.size;
    },
    idle: () => Promise.all(alone),
  };
}

const decidableOf = (end: End, record: CommitRecord): Decidable => ({
  attempt: end.attempt,
  decision: {
    ...keyOf(end.attempt),
    from: [end.from],
    record,
    processedAt: end.attempt.processedAt,
  },
});

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** What the attempt made, or why it has failed after all. */
function look(attempt: Attempt): Made | string {
  try {
    const made = collect(attempt);
    const [id] = made.missing;
    return id ? `Result ${id} was announced, but its file is not in the data folder` : made;
  } catch (error) {
    return `Outputs could not be read: ${reasonOf(error)}`;
  }
}

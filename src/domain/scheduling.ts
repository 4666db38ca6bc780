/**
 * What all roles of a grid must agree on when they decide which task runs when. Stored with the
 * grid at its first start: roles in separate pods that each read their own would diverge silently.
 */
export interface Scheduling {
  /** Batches that a session may have open at once. */
  readonly window: number;
  /** Up to this many tasks of a session have a batch each. */
  readonly singleTasks: number;
  /**
   * How many tasks of a session may stand in the queue through direct dispatch. What is ready
   * beyond it waits for the batch's supervisor, so that pause, cancel and priority act at once.
   */
  readonly directDispatchLimit: number;
  /** An agent that has not renewed its lease for this long is dead, and begins nothing itself. */
  readonly leaseMs: number;
  /** A dispatched task that no agent took for this long, while one is idle, is put on the queue again. */
  readonly republishAfterMs: number;
}

export const DEFAULT_SCHEDULING: Scheduling = {
  window: 64,
  singleTasks: 64,
  directDispatchLimit: 256,
  leaseMs: 10_000,
  republishAfterMs: 2_000,
};

/** What somebody configured; the rest is the grid's. */
export type GivenScheduling = { readonly [K in keyof Scheduling]?: Scheduling[K] | undefined };

/** Lays the values that are given over the others. */
export const withGiven = (scheduling: Scheduling, given: GivenScheduling): Scheduling => ({
  ...scheduling,
  ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
});

export interface Disagreement {
  readonly name: keyof Scheduling;
  readonly given: number;
  readonly stored: number;
}

/** Where values that somebody gave differ from those of the grid. */
export const disagreements = (
  given: GivenScheduling,
  stored: Scheduling,
): readonly Disagreement[] =>
  (Object.keys(DEFAULT_SCHEDULING) as (keyof Scheduling)[]).flatMap((name) => {
    const value = given[name];
    return value === undefined || value === stored[name]
      ? []
      : [{ name, given: value, stored: stored[name] }];
  });

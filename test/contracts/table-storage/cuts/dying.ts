import type { TableStorage } from "../../../../src/adaptors/table-storage.ts";

/** A driver whose verbs can be cut between any two documents; each document is a write of its own. */
export interface DyingTables {
  readonly tables: TableStorage;
  /**
   * Runs one verb, alone. It dies when it is about to write one document more than `after`.
   * Answers how it ended, and how many documents it wrote if it came to its end.
   */
  cut<T>(after: number, verb: () => Promise<T>): Promise<Cut<T>>;
}

export type Cut<T> =
  | { readonly died: true }
  | { readonly died: false; readonly answer: T; readonly documents: number };

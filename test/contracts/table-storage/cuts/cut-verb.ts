import type { TableStorage } from "../../../../src/adaptors/table-storage.ts";
import type { Cast } from "./cast.ts";

/** A verb that writes, with several documents to write. */
export interface CutVerb<Answer = unknown> {
  /** Brings the documents to where the verb has something to do. */
  readonly prepare?: (tables: TableStorage, cast: Cast) => Promise<unknown>;
  readonly run: (tables: TableStorage, cast: Cast) => Promise<Answer>;
  /**
   * How many documents the answer says that this call has changed; a repetition changes the rest.
   * Without it a repetition answers the same as the whole verb.
   */
  readonly changed?: (answer: Answer) => number;
  /** Shows what cannot be seen otherwise; its answer is compared. */
  readonly reveal?: (tables: TableStorage, cast: Cast) => Promise<unknown>;
  /** It never writes more than one document. */
  readonly isSingle?: true;
}

export const verb = <Answer>(given: CutVerb<Answer>): CutVerb => given as CutVerb;

export const lengthOf = (answer: readonly unknown[]): number => answer.length;

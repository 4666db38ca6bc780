import type { Field, FieldsByKind, Filter } from "./conditions.ts";

export interface Sort<Fields extends FieldsByKind> {
  readonly field: Field<Fields>;
  readonly descending: boolean;
}

export interface ListQuery<Fields extends FieldsByKind> {
  readonly filter: Filter<Fields>;
  /**
   * The first field counts most. Rows that are equal in all of them come in the order of their
   * ids, in the direction of the last one: pages of the same rows fit together.
   */
  readonly sort: readonly Sort<Fields>[];
  /** From 0. */
  readonly page: number;
  /** 0 = count only. */
  readonly pageSize: number;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Matches before paging. */
  readonly total: number;
}

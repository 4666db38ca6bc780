/**
 * What a list request asks for, as a typed tree that each table driver translates.
 *
 * A filter is an OR of ANDs of conditions; an empty OR is everything, an empty AND is true. Which
 * kind of condition a field takes is part of its list's type (fields.ts): a date condition on a
 * text field does not compile.
 */

export type StringOperator =
  | "equal"
  | "notEqual"
  | "contains"
  | "notContains"
  | "startsWith"
  | "endsWith";
export type OrderOperator =
  | "equal"
  | "notEqual"
  | "less"
  | "lessOrEqual"
  | "greaterOrEqual"
  | "greater";
export type EqualityOperator = "equal" | "notEqual";
export type ArrayOperator = "contains" | "notContains";

/** How a value is compared, by kind. Text is compared by code points, and its case matters. */
interface Comparisons {
  readonly string: { readonly operator: StringOperator; readonly value: string };
  readonly number: { readonly operator: OrderOperator; readonly value: number };
  /** Milliseconds since the epoch; null = never happened. */
  readonly date: { readonly operator: OrderOperator; readonly value: number | null };
  /** Milliseconds; null = there is none yet. */
  readonly duration: { readonly operator: OrderOperator; readonly value: number | null };
  readonly status: { readonly operator: EqualityOperator; readonly value: number };
  readonly boolean: { readonly value: boolean };
  /** One element. */
  readonly array: { readonly operator: ArrayOperator; readonly value: string };
}

export type Kind = keyof Comparisons;

/** A key of the free map of a task's options, or of a session's default options. */
export interface OptionField {
  readonly option: string;
}

/** The fields of one list, by kind. */
export type FieldsByKind = { readonly [K in Kind]: string | OptionField };

/** Any field of the list. */
export type Field<Fields extends FieldsByKind = FieldsByKind> = Fields[Kind];

/** A condition of one kind, or of any. */
export type Condition<Fields extends FieldsByKind = FieldsByKind, K extends Kind = Kind> = {
  [One in Kind]: { readonly kind: One; readonly field: Fields[One] } & Comparisons[One];
}[K];

export type Filter<Fields extends FieldsByKind> = readonly (readonly Condition<Fields>[])[];

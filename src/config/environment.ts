// ArmoniK's names for settings in the environment: `Submitter__DefaultPartition`.
import type { z } from "zod";

type Schema = z.core.JSONSchema.JSONSchema;
/** As in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;
type Tree = { [key: string]: unknown };

const isContainer = (value: unknown): value is Tree => typeof value === "object" && value !== null;

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** The inverse: `computePlane.workerChannel` is `ComputePlane__WorkerChannel`. */
export const toEnvironmentName = (path: readonly string[]): string =>
  path.map((key) => key.charAt(0).toUpperCase() + key.slice(1)).join("__");

/** The value of one setting; in ArmoniK's names case means nothing. */
export const settingOf = (env: Environment, name: string): string | undefined =>
  Object.entries(env).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1] || undefined;

function put(tree: Tree, [key = "", ...rest]: readonly string[], value: string): void {
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  const own = Object.hasOwn(tree, key) ? tree[key] : undefined;
  const next = isContainer(own) ? own : {};
  tree[key] = next;
  put(next, rest, value);
}

/** Picks the variables that belong to a section; anything else is somebody else's. */
export function toTree(env: Environment, sections: readonly string[]): Tree {
  const tree: Tree = {};
  const byName = new Map(sections.map((section) => [section.toLowerCase(), section]));
  for (const [name, value] of Object.entries(env)) {
    const [first = "", ...path] = name.split("__").map(lowerFirst);
    const section = byName.get(first.toLowerCase());
    if (section && path.length > 0 && value !== undefined) put(tree, [section, ...path], value);
  }
  return tree;
}

/** Lays `over` on `base`, key by key and, in lists, index by index. */
export function overlay(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isContainer(base) || !isContainer(over)) return over;
  if (Object.keys(over).length === 0) return base;
  const merged: Tree = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = overlay(merged[key], value);
  return merged;
}

/** A schema and the alternatives in it. */
const alternatives = (schema: Schema): Schema[] => [
  schema,
  ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((one) =>
    alternatives(one as Schema),
  ),
];

/** Spells names as the schema does: in ArmoniK's configurations case means nothing. */
export function toCanonical(value: unknown, schemas: readonly Schema[]): unknown {
  if (!isContainer(value) || Array.isArray(value)) return value;
  const all = schemas.flatMap(alternatives).map(({ properties = {} }) => properties);
  const names = new Map(all.flatMap(Object.keys).map((name) => [name.toLowerCase(), name]));
  const canonical: Tree = {};
  for (const [key, field] of Object.entries(value)) {
    const name = names.get(key.toLowerCase()) ?? key;
    const inner = all.flatMap((fields) => (Object.hasOwn(fields, name) ? [fields[name]] : []));
    // Two spellings of one section are one section.
    canonical[name] = overlay(canonical[name], toCanonical(field, inner as Schema[]));
  }
  return canonical;
}

function toScalar(text: string, types: ReadonlySet<unknown>): unknown {
  if (types.has("string")) return text;
  const number = types.has("number") || types.has("integer");
  if (number && text.trim() !== "" && !Number.isNaN(Number(text))) return Number(text);
  const lower = text.toLowerCase();
  if (types.has("boolean") && (lower === "true" || lower === "false")) return lower === "true";
  return text;
}

const isIndexed = (tree: Tree): boolean => Object.keys(tree).every((key) => /^\d+$/.test(key));

/**
 * Gives texts the types that the schema asks for, and lists their form.
 *
 * What does not fit is left as it is: the schema says what is wrong with it.
 */
export function coerce(value: unknown, schemas: readonly Schema[]): unknown {
  const all = schemas.flatMap(alternatives);
  const types = new Set(all.map(({ type }) => type));
  if (typeof value === "string") return toScalar(value, types);
  if (!isContainer(value)) return value;
  if (Array.isArray(value) || (types.has("array") && isIndexed(value))) {
    const items = all.flatMap(({ items }) => (items ? [items as Schema] : []));
    return Object.values(value).map((item) => coerce(item, items));
  }
  const entries = Object.entries(value).map(([key, field]) => {
    const fields = all.flatMap(({ properties }) => properties?.[key] ?? []);
    return [key, coerce(field, fields as Schema[])];
  });
  return Object.fromEntries(entries);
}

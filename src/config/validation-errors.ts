// What is wrong with a configuration, in words, and who said it.
import { z } from "zod";
import { toEnvironmentName } from "./environment.ts";

export interface Sources {
  readonly fromEnv: unknown;
  readonly fromFile: unknown;
  readonly file: string | undefined;
}

/** The part of the path that was given: all of it, or as far as a text that holds the rest. */
function givenPath(tree: unknown, path: readonly string[]): readonly string[] | undefined {
  let field = tree;
  for (const [depth, key] of path.entries()) {
    if (typeof field !== "object" || field === null) return path.slice(0, depth);
    if (!Object.hasOwn(field, key)) return undefined;
    field = (field as Record<string, unknown>)[key];
  }
  return path;
}

/** The environment wins, so it is asked first. */
function originOf(path: readonly PropertyKey[], { fromEnv, fromFile, file }: Sources): string {
  const keys = path.map(String);
  const variable = givenPath(fromEnv, keys);
  if (variable && variable.length > 1) return `, from ${toEnvironmentName(variable)}`;
  return file && givenPath(fromFile, keys) ? `, from ${file}` : "";
}

/** Every validation error, its place, and the variable or file that it comes from. */
export function toValidationErrors({ issues }: z.ZodError, sources: Sources): string {
  const lines = issues.map((issue) => {
    const place = issue.path.length > 0 ? z.core.toDotPath(issue.path) : "top level";
    const unknown = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
    const origin = originOf([...issue.path, ...unknown], sources);
    return `✖ ${issue.message}\n  → at ${place}${origin}`;
  });
  return lines.join("\n");
}

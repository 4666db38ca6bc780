// bench/BENCHMARKS.md, of which each command writes its own section.
import { readFileSync, writeFileSync } from "node:fs";

const FILE = new URL("../BENCHMARKS.md", import.meta.url);

type Section = "targets" | "against" | "latency";

/** The document with the section's text instead of the earlier one, or at its end. */
export function withSection(document: string, section: Section, text: string): string {
  const [begin, end] = [`<!-- ${section} -->`, `<!-- end of ${section} -->`];
  const block = `${begin}\n\n${text.trim()}\n\n${end}`;
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) return `${document.trimEnd()}\n\n${block}\n`;
  return document.slice(0, from) + block + document.slice(to + end.length);
}

export function writeSection(section: Section, text: string): void {
  writeFileSync(FILE, withSection(readFileSync(FILE, "utf8"), section, text));
}

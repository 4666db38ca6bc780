import { existsSync, readFileSync } from "node:fs";
import type { Child, Death } from "./child.ts";

/** What `grid dev` says goes to standard output, a line at a time. */
export const tell = (text: string): void => void process.stdout.write(`${text}\n`);

const LAST_LINES = 12;

/** The end of a log file, indented, for those who do not want to look for it. */
export function lastLines(file: string): string {
  const text = existsSync(file) ? readFileSync(file, "utf8").trimEnd() : "";
  const lines = (text || "(nothing)").split("\n").slice(-LAST_LINES);
  return lines.map((line) => `    ${line}`).join("\n");
}

export const howItEnded = ({ code, signal }: Death): string =>
  signal ? `was ended by ${signal}` : `ended with exit code ${code}`;

export function deathNotice({ spec }: Child, death: Death): string {
  const { name, logFile } = spec;
  const seconds = death.pauseMs / 1_000;
  return (
    `${name} (pid ${death.pid ?? "-"}) ${howItEnded(death)}, starting it again in ${seconds} s; ${logFile} ends with\n` +
    lastLines(logFile)
  );
}

export const stuckNotice = ({ spec: { name }, pid }: Child, seconds: number): string =>
  `${name} (pid ${pid ?? "-"}) has been stopped for ${seconds} s and is killed, since it may hold a lock that all others wait for`;

/** Role, address and process id of every child. */
export function toTable(children: readonly Child[]): string {
  const rows = children.map(({ spec, pid }) => [spec.name, spec.address, `${pid ?? "-"}`] as const);
  const width = (column: 0 | 1): number => Math.max(...rows.map((row) => row[column].length));
  const [first, second] = [width(0), width(1)];
  return rows
    .map(([name, address, pid]) => `${name.padEnd(first)}  ${address.padEnd(second)}  pid ${pid}`)
    .join("\n");
}

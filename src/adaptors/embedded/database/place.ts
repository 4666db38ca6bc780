// Notices that the file behind an open connection was moved or removed: SQLite would go on writing
// to it, and what it confirms would be lost.
import { statSync } from "node:fs";
import { basename } from "node:path";
import { GridError } from "../../../domain/errors.ts";

/** A look costs 10 µs. */
const EVERY_MS = 250;

/** @returns what throws DEPENDENCY_UNAVAILABLE while another file, or none, is at the place. */
export function createPlaceCheck(file: string): (now: number) => void {
  const inodeOf = () => statSync(file, { throwIfNoEntry: false })?.ino;
  const opened = inodeOf();
  let lookedAt = performance.now();
  let gone = false;
  return (now) => {
    if (now - lookedAt > EVERY_MS || gone) {
      lookedAt = now;
      gone = inodeOf() !== opened;
    }
    if (!gone) return;
    const name = basename(file);
    throw new GridError("DEPENDENCY_UNAVAILABLE", `${name}: the file was moved or removed`);
  };
}

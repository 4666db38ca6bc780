import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What one `grid dev` leaves for the next one in the same folder. */
export interface Notes {
  /** The same from start to start, so that what people have configured goes on working. */
  readonly temporalPort?: number;
  readonly processes?: readonly ProcessNote[];
}

/** A process group that we have started. */
export interface ProcessNote {
  readonly name: string;
  readonly pid: number;
  /** When it started, in the kernel's words: together with the id it names one process for good. */
  readonly started: string;
}

export interface NoteBook {
  readonly notes: Notes;
  add(changes: Notes): void;
}

function read(file: string): Notes {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {}; // The first start in this folder.
  }
}

export function openNoteBook(folder: string): NoteBook {
  const file = join(folder, "dev.json");
  let notes = read(file);
  return {
    get notes() {
      return notes;
    },
    add(changes) {
      notes = { ...notes, ...changes };
      writeFileSync(`${file}.new`, `${JSON.stringify(notes, null, 2)}\n`);
      renameSync(`${file}.new`, file);
    },
  };
}

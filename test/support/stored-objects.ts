import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Keys of all objects in an embedded storage's data folder, whether anybody names them or not. */
export function storedObjects(folder: string): string[] {
  const db = new DatabaseSync(join(folder, "objects.db"), { readOnly: true });
  try {
    const rows = db.prepare("SELECT token FROM objects").all();
    const files = readdirSync(join(folder, "objects"), { recursive: true, withFileTypes: true });
    return [
      ...rows.map((row) => `${row["token"]}`),
      ...files.flatMap((entry) => (entry.isFile() ? [entry.name] : [])),
    ];
  } finally {
    db.close();
  }
}

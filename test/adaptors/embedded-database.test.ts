import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Database, openDatabase } from "../../src/adaptors/embedded/database/database.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("a database of the embedded stores", () => {
  const folder = temporaryFolder();
  let count = 0;

  const open = (): { db: Database; file: string } => {
    count += 1;
    const file = join(folder(), `${count}.db`);
    const schema = "CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL)";
    const db = openDatabase({ file, schema, durability: "FULL" });
    onTestFinished(() => db[Symbol.asyncDispose]());
    return { db, file };
  };
  const note = (db: Database, text: string | null) => () =>
    void db.sql("INSERT INTO notes (text) VALUES (?)").run(text);
  const notes = (db: Database) =>
    db.read(() =>
      db
        .sql("SELECT text FROM notes ORDER BY rowid")
        .all()
        .map((row) => row["text"]),
    );

  it("ED1: shares one transaction among the writes of a turn", async () => {
    const { db, file } = open();
    using other = new DatabaseSync(file);
    const seen: unknown[] = [];
    const look = () => other.prepare("SELECT count(*) AS n FROM notes").get()?.["n"];
    const writes = ["a", "b", "c"].map((text) =>
      db.write(() => {
        note(db, text)();
        seen.push(look());
      }),
    );
    await Promise.all(writes);
    // Nobody else sees the first before the last is there, too.
    expect([...seen, look()]).toEqual([0, 0, 0, 3]);
    await db.write(note(db, "d"));
    expect(look()).toBe(4);
  });

  it("ED2: undoes a write that throws, and none of its neighbours", async () => {
    const { db } = open();
    const wrong = db.write(() => {
      note(db, "half")();
      throw new Error("no further");
    });
    const writes = [db.write(note(db, "before")), wrong, db.write(note(db, "after"))];
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    await expect(wrong).rejects.toThrow("no further");
    await expect(db.write(note(db, null))).rejects.toThrow(/NOT NULL/);
    expect(await notes(db)).toEqual(["before", "after"]);
  });

  it("ED4: waits between turns of the event loop while another process holds the lock", async () => {
    const { db, file } = open();
    using other = new DatabaseSync(file);
    other.exec("BEGIN IMMEDIATE");
    let written = false;
    const write = db.write(note(db, "patient")).then(() => {
      written = true;
    });
    // Turns go on, and reads are answered.
    for (let i = 0; i < 200; i += 1) await nextTurn();
    expect(await notes(db)).toEqual([]);
    expect(written).toBe(false);
    other.exec("ROLLBACK");
    await write;
    expect(await notes(db)).toEqual(["patient"]);
  });

  it("ED3: has a write on record for everybody once it has resolved", async () => {
    const { db, file } = open();
    await db.write(note(db, "kept"));
    using other = new DatabaseSync(file, { readOnly: true });
    expect(other.prepare("SELECT text FROM notes").all()).toEqual([{ text: "kept" }]);
  });
});

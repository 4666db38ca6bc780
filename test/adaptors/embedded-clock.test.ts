import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { openDatabase } from "../../src/adaptors/embedded/database/database.ts";
import { findShiftedClock } from "../support/shifted-clock.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const PROGRAM = new URL("../support/print-clock.ts", import.meta.url).pathname;
const HOUR_MS = 3_600_000;
/** For what happens between two looks at two clocks. */
const MOMENT_MS = 5_000;

const shifted = findShiftedClock();

describe("the clock of an embedded file", () => {
  const folder = temporaryFolder();
  let count = 0;
  const newFile = (): string => {
    count += 1;
    return join(folder(), `${count}.db`);
  };
  const open = (file: string) => {
    const schema = "CREATE TABLE IF NOT EXISTS times (time INTEGER NOT NULL)";
    const latestTime = "SELECT max(time) FROM times";
    const db = openDatabase({ file, schema, latestTime, durability: "NORMAL" });
    onTestFinished(() => db[Symbol.asyncDispose]());
    return db;
  };
  const change = (file: string, sql: string): void => {
    using database = new DatabaseSync(file);
    database.exec(sql);
  };
  const near = (time: number, wanted: number): void =>
    expect(Math.abs(time - wanted)).toBeLessThan(MOMENT_MS);

  it("starts at the wall clock, and goes on", async () => {
    const db = open(newFile());
    const start = db.now();
    near(start, Date.now());
    await sleep(35);
    expect(db.now() - start).toBeGreaterThanOrEqual(30);
    expect(db.now() - start).toBeLessThan(MOMENT_MS);
  });

  it.skipIf(!shifted)("EC1: is the same for all processes, whatever their wall clocks say", () => {
    const file = newFile();
    const clocks = [90_000, 0, -90_000, HOUR_MS].map((shiftMs) => {
      const env = shifted?.(shiftMs) ?? {};
      const said = execFileSync(process.execPath, [PROGRAM, file], { env, encoding: "utf8" });
      return JSON.parse(said) as { store: number; wall: number };
    });
    const [first] = clocks;
    if (!first) throw new Error("no clock");
    near(first.store, first.wall);
    // Each was read a moment after the monotonic clock was.
    for (const { store } of clocks) near(store, first.store);
    expect(Math.abs((clocks[2]?.wall ?? 0) - first.wall)).toBeGreaterThan(170_000);
  });

  it("EC2: starts at the latest stored time after a restart, if the wall clock is behind", () => {
    const file = newFile();
    const latest = open(file).now() + HOUR_MS;
    change(file, `INSERT INTO times VALUES (${latest}); UPDATE clock SET boot = 'another'`);
    near(open(file).now(), latest);
    near(open(file).now(), latest);
  });

  it("EC2: takes no offset that would put it behind what is stored", () => {
    const file = newFile();
    const now = open(file).now();
    change(
      file,
      `INSERT INTO times VALUES (${now}); UPDATE clock SET offset_ms = offset_ms - ${HOUR_MS}`,
    );
    near(open(file).now(), now);
  });
});

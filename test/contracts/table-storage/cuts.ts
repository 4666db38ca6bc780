import { expect, it, onTestFinished } from "vitest";
import type { TableStorage } from "../../../src/adaptors/table-storage.ts";
import { someSession } from "../../support/rows.ts";
import { type Cast, castOf } from "./cuts/cast.ts";
import type { CutVerb } from "./cuts/cut-verb.ts";
import type { DyingTables } from "./cuts/dying.ts";
import { races } from "./cuts/races.ts";
import { neutral, recounted, type Shown, show } from "./cuts/show.ts";
import { listen } from "./cuts/told.ts";
import { VERBS } from "./cuts/verbs.ts";

export interface CutPromises {
  /** One more connection to the same data. */
  readonly open: () => Promise<TableStorage>;
  readonly openDying: () => Promise<DyingTables>;
}

/** The connection that dies, and one of somebody else. */
export interface Both {
  readonly dying: DyingTables;
  readonly other: TableStorage;
}

interface Whole {
  readonly before: Shown;
  readonly after: Shown;
  readonly answer: unknown;
  readonly revealed: string;
  readonly documents: number;
  /** What is shown apart from the documents, once it was counted anew. */
  readonly counts: string;
}

/** Documents that are neither as they were nor as they will be. */
const torn = (now: Shown, { before, after }: Whole): string[] =>
  [...new Set([...now.keys(), ...before.keys(), ...after.keys()])].filter(
    (key) => now.get(key) !== before.get(key) && now.get(key) !== after.get(key),
  );

const changedIn = (now: Shown, { before }: Whole): number =>
  [...new Set([...now.keys(), ...before.keys()])].filter((key) => now.get(key) !== before.get(key))
    .length;

/** No verb needs more than one document to be atomic. */
export function tableStorageCuts({ open, openDying }: CutPromises): void {
  const openBoth = async (): Promise<Both> => {
    const [dying, other] = [await openDying(), await open()];
    onTestFinished(() => dying.tables[Symbol.asyncDispose]());
    onTestFinished(() => other[Symbol.asyncDispose]());
    return { dying, other };
  };
  it("leaves out no verb that writes", async () => {
    const { other } = await openBoth();
    const cut = new Set(Object.keys(VERBS).map((name) => name.replace(/,.*/, "")));
    const writing = verbsOf(other).filter((name) => !READS.has(name.replace(/^.*\./, "")));
    expect([...cut].sort()).toEqual(writing.sort());
  });
  completion(openBoth);
  races(openBoth);
}

/** Verbs that write nothing, in whichever table. */
const READS = new Set([
  ...["get", "list", "applications", "walk", "statuses", "orphans", "expired", "staged"],
  ...["countByStatus", "openByPartition", "taskCount"],
  ...[
    "roomBelow",
    "isWaiting",
    "revoked",
    "ownedBy",
    "owners",
    "ownersIn",
    "inBatches",
    "readyInBatches",
  ],
  ...["inSession", "ready", "dependents", "openInBatches", "join", "unannounced", "parked"],
  ...["roles", "listRoles", "listCertificates", "ofCertificate"],
  ...["open", "onProgress", "onCheckRequested", "onCheckDone", "ping"],
]);

const verbsOf = (tables: TableStorage): string[] =>
  Object.entries(tables).flatMap(([name, member]: [string, unknown]) =>
    typeof member === "function"
      ? [name]
      : Object.entries(member as object).flatMap(([verb, value]) =>
          typeof value === "function" ? [`${name}.${verb}`] : [],
        ),
  );

function completion(openBoth: () => Promise<Both>): void {
  const prepare = async ({ prepare }: CutVerb, tables: TableStorage): Promise<Cast> => {
    const cast = castOf(someSession());
    await prepare?.(tables, cast);
    return cast;
  };

  const reveal = async ({ reveal }: CutVerb, tables: TableStorage, cast: Cast): Promise<string> =>
    neutral(cast, reveal && (await reveal(tables, cast)));

  const runWhole = async (verb: CutVerb, dying: DyingTables): Promise<Whole> => {
    const { tables } = dying;
    const cast = await prepare(verb, tables);
    const before = await show(tables, cast);
    const whole = await dying.cut(Infinity, () => verb.run(tables, cast));
    if (whole.died) throw new Error("it was not to die");
    const { documents, answer } = whole;
    const revealed = await reveal(verb, tables, cast);
    const after = await show(tables, cast);
    const counts = await recounted(tables, cast);
    return {
      before,
      after,
      documents,
      revealed,
      counts,
      answer: verb.changed ? answer : neutral(cast, answer),
    };
  };

  for (const [name, verb] of Object.entries(VERBS)) {
    it(`is completed by repeating it, wherever it died: ${name}`, async () => {
      const { dying, other } = await openBoth();
      const whole = await runWhole(verb, dying);
      expect(whole.documents).toBeGreaterThanOrEqual(verb.isSingle ? 1 : 3);
      // At the last of them it has written all, and nobody heard its answer.
      for (let after = 0; after <= whole.documents; after += 1) {
        const cast = await prepare(verb, other);
        const told = await listen(other, cast);
        const { died } = await dying.cut(after, () => verb.run(dying.tables, cast));
        expect(died, `after ${after}`).toBe(after < whole.documents);

        const between = await show(other, cast);
        expect(torn(between, whole), `after ${after}`).toEqual([]);
        const answer = await verb.run(other, cast);
        if (verb.changed) {
          const left = verb.changed(whole.answer) - changedIn(between, whole);
          expect(verb.changed(answer), `after ${after}`).toBe(left);
        } else expect(neutral(cast, answer), `after ${after}`).toBe(whole.answer);
        expect(await reveal(verb, other, cast), `after ${after}`).toBe(whole.revealed);
        expect(await show(other, cast), `after ${after}`).toEqual(whole.after);
        expect(await told(), `after ${after}`).toEqual([]);
        expect(await recounted(other, cast), `after ${after}`).toBe(whole.counts);
      }
    });
  }
}

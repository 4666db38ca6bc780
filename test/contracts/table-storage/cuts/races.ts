// A verb that died half-way, and others that go on with what it left.
import { expect, it } from "vitest";
import type { TableStorage } from "../../../../src/adaptors/table-storage.ts";
import { TaskStatus } from "../../../../src/domain/status.ts";
import { batchIn, idsOf, someSession } from "../../../support/rows.ts";
import type { Both } from "../cuts.ts";
import { CANCELLED, COMPLETED, keyOf } from "../steps.ts";
import { type Cast, castOf } from "./cast.ts";
import * as bring from "./prepare.ts";

/** Tries every cut of the verb, until it comes to its end. */
async function everyCut(
  { dying, other }: Both,
  prepare: (tables: TableStorage, cast: Cast) => Promise<unknown>,
  verb: (tables: TableStorage, cast: Cast) => Promise<unknown>,
  then: (cast: Cast, after: number) => Promise<void>,
): Promise<void> {
  let died = true;
  for (let after = 0; died; after += 1) {
    const cast = castOf(someSession());
    await prepare(other, cast);
    ({ died } = await dying.cut(after, () => verb(dying.tables, cast)));
    await then(cast, after);
  }
}

export function races(openBoth: () => Promise<Both>): void {
  it("lets one of two decisions win, when the one that died is repeated after the other", async () => {
    const both = await openBoth();
    const { tasks } = both.other;
    const decide = (tables: TableStorage, { taskIds }: Cast) =>
      tables.tasks.decide(
        taskIds.map((taskId) => ({
          ...{ taskId, attempt: 1, from: [TaskStatus.PROCESSING], record: COMPLETED },
        })),
        20,
      );
    let wins = 0;
    await everyCut(both, bring.running, decide, async (cast, after) => {
      const from = [TaskStatus.PROCESSING];
      const rivals = cast.taskIds.map((taskId) => ({ taskId, from, record: CANCELLED }));
      const theirs = await tasks.decide(rivals, 21);
      const ours = await decide(both.other, cast);
      const rows = await tasks.get(cast.taskIds);
      for (const [i, { commit }] of rows.entries()) {
        expect([ours[i]?.ok, theirs[i]?.ok].filter(Boolean), `after ${after}`).toHaveLength(1);
        expect(commit).toEqual(ours[i]?.ok ? COMPLETED : CANCELLED);
      }
      wins += ours.filter(({ ok }) => ok).length;
    });
    expect(wins).toBeGreaterThan(0);
  });

  it("never gives an attempt twice, when the acquisition that died is followed by others", async () => {
    const both = await openBoth();
    const { tasks } = both.other;
    const acquire = (tables: TableStorage, { taskIds, owner }: Cast) =>
      tables.tasks.acquire(taskIds, owner, 20);
    let lost = 0;
    await everyCut(both, bring.submitted, acquire, async (cast, after) => {
      const { taskIds, owner, rival } = cast;
      const ownedByTheDead = await tasks.ownedBy(owner.agentId);
      lost += ownedByTheDead.length;
      const theirs = await tasks.acquire(taskIds, rival, 21);
      const again = await acquire(both.other, cast);
      await tasks.release(ownedByTheDead.map(keyOf), 22, "lost");
      const released = await tasks.acquire(taskIds, rival, 23);
      const given = [...ownedByTheDead, ...theirs, ...again, ...released].map(
        ({ taskId, attempt }) => `${taskId}@${attempt}`,
      );
      expect(new Set(given).size, `after ${after}`).toBe(given.length);
      // Each was to be had, from the one or the other.
      expect(idsOf([...theirs, ...released]).sort()).toEqual([...taskIds].sort());
      expect(idsOf(await tasks.ownedBy(rival.agentId)).sort()).toEqual([...taskIds].sort());
    });
    expect(lost).toBeGreaterThan(0);
  });

  it("leaves no gap between the numbers of batches, wherever one dies who adds some", async () => {
    const both = await openBoth();
    const { batches } = both.other;
    const add = (tables: TableStorage, cast: Cast) => tables.batches.add(cast.batches);
    await everyCut(
      both,
      async () => {},
      add,
      async (cast, after) => {
        const stored = Math.min(after, cast.batches.length);
        const theirs = await batches.add([batchIn(cast.session)]);
        const ours = await add(both.other, cast);
        const numbers = [...ours, ...theirs].map(({ batch }) => batch);
        expect(numbers.toSorted(), `after ${after}`).toEqual([1, 2, 3, 4, 5]);
        expect(theirs).toEqual([{ sessionId: cast.session, batch: stored + 1 }]);
      },
    );
  });

  it("announces all batches once more, or none, when one dies who says that all are lost", async () => {
    const both = await openBoth();
    const { batches } = both.other;
    const prepare = async (tables: TableStorage, cast: Cast) => {
      await tables.batches.add(cast.batches);
      await tables.batches.announced(cast.session, cast.batches.length);
    };
    const again = ({ batches }: TableStorage, { session }: Cast) => batches.announceAgain(session);
    await everyCut(both, prepare, again, async ({ session: sessionId }, after) => {
      const due = (await batches.unannounced({ sessionId })).map(({ upTo }) => upTo);
      expect(due, `after ${after}`).toEqual(after > 0 ? [4] : []);
    });
  });

  it("answers a task that became ready to one of two closers at least, wherever they die", async () => {
    const both = await openBoth();
    const { dependencies } = both.other;
    const close = (tables: TableStorage, { resultIds }: Cast) =>
      tables.dependencies.close(resultIds.slice(0, 2));
    await everyCut(both, bring.waiting, close, async (cast, after) => {
      const rest = await dependencies.close(cast.resultIds.slice(2));
      const repeated = await close(both.other, cast);
      expect([...new Set([...rest, ...repeated])].sort(), `after ${after}`).toEqual(
        [...cast.taskIds].sort(),
      );
    });
  });
}

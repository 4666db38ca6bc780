import type { TableStorage } from "../../../../src/adaptors/table-storage.ts";
import { bySession } from "../conditions.ts";
import type { Cast } from "./cast.ts";
import { type CutVerb, lengthOf, verb } from "./cut-verb.ts";
import * as bring from "./prepare.ts";

const keysOf = ({ session: sessionId, batches }: Cast) =>
  batches.map((_, i) => ({ sessionId, batch: i + 1 }));

const withBatches = ({ batches }: TableStorage, cast: Cast) => batches.add(cast.batches);

async function withParked(tables: TableStorage, cast: Cast): Promise<void> {
  await withBatches(tables, cast);
  await tables.batches.park(keysOf(cast));
}

export const BATCHES: Readonly<Record<string, CutVerb>> = {
  "batches.add": verb({ run: withBatches }),
  "batches.close": verb({
    prepare: withBatches,
    run: ({ batches }, cast) => batches.close(keysOf(cast)),
  }),
  "batches.announced": verb({
    prepare: withBatches,
    run: ({ batches }, { session }) => batches.announced(session, 3),
  }),
  "batches.announceAgain": verb({
    prepare: async (tables, cast) => {
      await withBatches(tables, cast);
      await tables.batches.announced(cast.session, 3);
    },
    run: ({ batches }, { session }) => batches.announceAgain(session),
  }),
  "batches.park": verb({
    prepare: withBatches,
    run: ({ batches }, cast) => batches.park(keysOf(cast)),
  }),
  "batches.unparkReady": verb({
    prepare: async (tables, cast) => {
      // Those of others are no part of what is counted.
      await tables.batches.unparkReady();
      await withParked(tables, cast);
    },
    run: async ({ batches }, { session }) =>
      (await batches.unparkReady()).filter(({ sessionId }) => sessionId === session),
    changed: lengthOf,
  }),
  "batches.unparked": verb({
    prepare: async (tables, cast) => {
      await withParked(tables, cast);
      await tables.batches.unparkReady();
    },
    run: ({ batches }, cast) => batches.unparked(keysOf(cast)),
  }),
  "batches.untold": verb({
    prepare: async (tables, cast) => {
      await withParked(tables, cast);
      await tables.batches.unparkReady();
    },
    run: ({ batches }, cast) => batches.untold(keysOf(cast)),
  }),
  "counts.recount": verb({
    prepare: async (tables, cast) => {
      await withBatches(tables, cast);
      await bring.pending(tables, cast);
    },
    run: ({ counts }, { session }) => counts.recount(session),
    reveal: async ({ batches, tasks }, cast) => [
      (await batches.get(keysOf(cast))).map(({ progress }) => progress),
      await tasks.countByStatus(bySession(cast.session)),
    ],
  }),
};

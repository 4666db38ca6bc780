// Long reads, item by item: SQLite blocks the process, so now and then others have their turn.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Store } from "./store.ts";

/** For this long one turn may block the process; the current item is finished. */
const TURN_MS = 2;

/** Reads for one item after the other; answers in their order. */
export async function readEach<I, T>(
  { read }: Pick<Store, "read">,
  items: readonly I[],
  work: (item: I) => T,
): Promise<T[]> {
  const answers: T[] = [];
  const readSome = (): void => {
    const until = performance.now() + TURN_MS;
    do answers.push(work(items[answers.length] as I));
    while (answers.length < items.length && performance.now() < until);
  };
  while (answers.length < items.length) {
    if (answers.length > 0) await nextTurn();
    await read(readSome);
  }
  return answers;
}

/** The same for lists that have `limit` entries in all; ends with the item at which it is reached. */
export async function readUpTo<I, T>(
  store: Pick<Store, "read">,
  { items, limit }: { items: readonly I[]; limit: number },
  work: (item: I, left: number) => T[],
): Promise<T[][]> {
  let left = limit;
  const lists = await readEach(store, items, (item) => {
    if (left <= 0) return undefined;
    const list = work(item, left);
    left -= list.length;
    return list;
  });
  return lists.filter((list) => list !== undefined);
}

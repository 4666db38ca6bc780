// Usage: stopping-submitter.ts FOLDER LEASE_MS
//
// A submitter in a process of its own, that stops itself (SIGSTOP) when it calls its stores for the
// n-th time, or when it has been answered: as its parent tells it before each submission.
import type { Stores } from "../../src/lifecycle/stores.ts";
import { openGrid } from "./open-grid.ts";

export interface StopAt {
  readonly call: number;
  readonly when: "before" | "after";
}

const [folder = "", leaseMs = ""] = process.argv.slice(2);

let left = 0;
let when: StopAt["when"] = "before";

const stop = (): void => void process.kill(process.pid, "SIGSTOP");

async function call(run: () => Promise<unknown>): Promise<unknown> {
  left -= 1;
  const isLast = left === 0;
  if (isLast && when === "before") stop();
  const answer = await run();
  if (isLast && when === "after") stop();
  return answer;
}

const stopping = <T extends object>(target: T): T =>
  new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key);
      if (typeof value === "function")
        return (...args: unknown[]) => call(async () => await value.apply(object, args));
      return typeof value === "object" && value !== null ? stopping(value) : value;
    },
  });

const wrap = (stores: Stores): Stores => ({
  ...stores,
  tables: stopping(stores.tables),
  queue: stopping(stores.queue),
});

const ttlMs = Number(leaseMs);
const grid = await openGrid({ folder, wrap, creator: { ttlMs, everyMs: ttlMs / 6 } });
process.on("message", (at: StopAt) => {
  left = at.call;
  when = at.when;
  process.send?.("told");
});
process.once("disconnect", () => process.exit());
process.send?.(grid.server.address);

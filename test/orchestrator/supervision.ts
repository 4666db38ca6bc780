/** What keeps sessions moving in one orchestrator, without Temporal. */

import type { SessionId } from "../../src/domain/ids.ts";
import type { Stores } from "../../src/lifecycle/stores.ts";
import {
  createSupervisor,
  type SupervisorOptions,
} from "../../src/orchestrator/supervision/supervisor.ts";
import { createWatch, type Settled } from "../../src/orchestrator/supervision/watch.ts";
import { createLogger } from "../../src/telemetry/logger.ts";

export const log = createLogger({ level: "silent", role: "test" });

export interface Supervision extends AsyncDisposable {
  readonly settled: Promise<Settled[]>;
}

/** Follows the session's first batches until they settle, as their activities would. */
export async function supervise(
  stores: Stores,
  sessionId: SessionId,
  batches: number,
  options: Partial<SupervisorOptions> = {},
): Promise<Supervision> {
  await using stack = new AsyncDisposableStack();
  const watch = stack.use(createWatch({ tables: stores.tables, log }, { pollMs: 200 }));
  const tuning = { republishAfterMs: 200, parkedReconciler: { firstMs: 100 }, ...options };
  stack.use(createSupervisor({ stores, watch, log }, tuning));
  const { signal } = new AbortController();
  const opened = stack.move();
  const settled = Promise.all(
    Array.from({ length: batches }, (_, i) =>
      watch.follow({ sessionId, batch: i + 1 }, () => {}, signal),
    ),
  );
  settled.catch(() => {});
  return { settled, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

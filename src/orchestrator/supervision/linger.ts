/** When the watch of a batch without open tasks ends: at once, or when no more will join it. */
import type { BatchInfo, TableStorage } from "../../adaptors/table-storage.ts";
import { LARGEST_BATCH } from "../../domain/batch.ts";
import type { SessionId } from "../../domain/ids.ts";
import { SessionStatus } from "../../domain/status.ts";

/** Since when a batch has had this many final tasks, and no others. */
export interface Idle {
  readonly final: number;
  readonly since: number;
}

/** Undefined while a task is open. A wrong count makes it linger too long, or not at all. */
export function toIdle({ isOpen, progress }: BatchInfo, known: Idle | undefined, at: number) {
  if (isOpen) return undefined;
  const final = progress.completed + progress.failed;
  return known?.final === final ? known : { final, since: at };
}

export const isPatient = ({ lingerMs = 0 }: BatchInfo, { final, since }: Idle, at: number) =>
  final < LARGEST_BATCH && at - since < lingerMs;

/** Sessions that take no more tasks: nobody has to be patient for them. */
export async function endedOf(
  { sessions }: Pick<TableStorage, "sessions">,
  batches: readonly BatchInfo[],
): Promise<ReadonlySet<SessionId>> {
  const ids = [...new Set(batches.map(({ sessionId }) => sessionId))];
  if (ids.length === 0) return new Set();
  const statuses = await sessions.statuses(ids);
  const lives = (status: SessionStatus | undefined) =>
    status === SessionStatus.RUNNING || status === SessionStatus.PAUSED;
  return new Set(ids.filter((id) => !lives(statuses.get(id))));
}

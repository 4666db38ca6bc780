import { GridError, invalid } from "../../domain/errors.ts";
import { type PartitionId, partitionId, sessionId } from "../../domain/ids.ts";
import type { Session } from "../../domain/session.ts";
import { SessionStatus } from "../../domain/status.ts";
import type { CreateSessionRequest } from "../../gen/sessions_common.ts";
import { toDefaultOptions } from "../../grpc/task-options.ts";
import type { Grid } from "../grid.ts";

/** No partition, and a single empty one, mean the grid's default. */
function namedPartitions(
  { settings }: Grid,
  { partitionIds }: CreateSessionRequest,
): readonly PartitionId[] {
  if (partitionIds.length === 0 || (partitionIds.length === 1 && partitionIds[0] === ""))
    return [settings.defaultPartition];
  const empty = partitionIds.indexOf("");
  if (empty >= 0) throw invalid(`partition_ids[${empty}]`, "is empty", "name a partition");
  return [...new Set(partitionIds)].map(partitionId);
}

async function requirePartitions({ stores }: Grid, ids: ReadonlySet<PartitionId>): Promise<void> {
  const known = await stores.tables.partitions.get([...ids]);
  const missing = ids.difference(new Set(known.map((partition) => partition.partitionId)));
  if (missing.size > 0) throw new GridError("PARTITION_NOT_FOUND", [...missing].join(", "));
}

/** Where tasks run that name no partition, if the session's defaults do not either. */
const usualPartition = ({ settings }: Grid, partitions: readonly PartitionId[]): PartitionId =>
  partitions.includes(settings.defaultPartition)
    ? settings.defaultPartition
    : (partitions[0] ?? settings.defaultPartition);

async function toSession(grid: Grid, request: CreateSessionRequest): Promise<Session> {
  const options = toDefaultOptions(request.defaultTaskOption, "default_task_option");
  const partitions = namedPartitions(grid, request);
  const usual = options.partitionId || usualPartition(grid, partitions);
  await requirePartitions(grid, new Set([...partitions, usual]));
  return {
    sessionId: sessionId(grid.newId()),
    status: SessionStatus.RUNNING,
    clientSubmission: true,
    workerSubmission: true,
    partitionIds: partitions,
    defaultOptions: { ...options, partitionId: usual },
    createdAt: grid.stores.now(),
  };
}

/**
 * Stores the session, then starts its workflow: a workflow without a row would find nothing to
 * do, a row without a workflow would never be supervised, so it goes when the start fails.
 */
export async function createSession(grid: Grid, request: CreateSessionRequest): Promise<Session> {
  const { stores, workflows } = grid;
  const session = await toSession(grid, request);
  await stores.tables.sessions.create(session);
  try {
    await workflows.start(session);
  } catch (cause) {
    await stores.tables.sessions.remove(session.sessionId);
    if (cause instanceof GridError) throw cause;
    throw new GridError("DEPENDENCY_UNAVAILABLE", "the session's workflow did not start", {
      cause,
    });
  }
  return session;
}

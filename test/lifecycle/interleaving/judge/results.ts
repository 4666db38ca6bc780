import type { ResultId } from "../../../../src/domain/ids.ts";
import type { Result } from "../../../../src/domain/result.ts";
import { ResultStatus, SessionStatus, TaskStatus } from "../../../../src/domain/status.ts";
import type { Chronicle } from "../chronicle.ts";
import { type Complaints, isFinal, nameOf, type Scene } from "./scene.ts";

/** I3: nobody waits for ever. */
export function* judgeWaits({ tasks, results, status }: Scene): Complaints {
  for (const result of results.values()) {
    const { resultId, ownerTaskId } = result;
    const owner = ownerTaskId === "" ? undefined : tasks.get(ownerTaskId);
    if (ownerTaskId !== "" && !owner) yield `OR1: ${resultId} is owned by nobody: ${ownerTaskId}`;
    if (result.status !== ResultStatus.CREATED) continue;
    if (owner && isFinal(owner))
      yield `I3: ${resultId} waits for ${ownerTaskId}, which is ${nameOf(owner.status)}`;
    if (status === SessionStatus.CANCELLED) yield `CA2: ${resultId} outlived its session`;
  }
}

/** I2, I3: only what a committed attempt made counts, and one attempt made it. */
export function* judgeOrigins({ world, tasks, results }: Scene): Complaints {
  const made = new Map<ResultId, string>();
  for (const { resultId, objectId } of committed(world.chronicle.verdicts)) {
    const before = made.get(resultId);
    if (before && before !== objectId) yield `I2: ${resultId} was committed twice`;
    made.set(resultId, objectId);
  }
  for (const result of results.values()) yield* judgeOrigin(result, tasks, made);
}

function* judgeOrigin(
  { resultId, status, objectId, createdBy }: Result,
  tasks: Scene["tasks"],
  made: ReadonlyMap<ResultId, string>,
): Complaints {
  const winner = made.get(resultId);
  if (status === ResultStatus.COMPLETED && winner && winner !== objectId)
    yield `I5: ${resultId} is not what its task has committed`;
  if (createdBy !== "" && tasks.get(createdBy)?.status !== TaskStatus.COMPLETED)
    yield `I3: ${resultId} came of ${createdBy}, which did not complete`;
}

function* committed(verdicts: Chronicle["verdicts"]) {
  for (const some of verdicts.values())
    for (const { record } of some) if (record.outcome === "completed") yield* record.results;
}

/** DU1: what counts is there. */
export async function judgeObjects({ world, results }: Scene): Promise<string[]> {
  const completed = [...results.values()].filter(({ status }) => status === ResultStatus.COMPLETED);
  const ids = completed.flatMap(({ objectId }) => objectId || []);
  const blobs = await world.stores.objects.getMany(ids, 1_000_000);
  return completed.flatMap(({ resultId }, i) =>
    blobs[i] ? [] : [`DU1: the object of ${resultId} is gone`],
  );
}

import { judgeChanges } from "./judge/changes.ts";
import { judgeObjects, judgeOrigins, judgeWaits } from "./judge/results.ts";
import { judgeBatches, judgeRest } from "./judge/rows.ts";
import { readScene } from "./judge/scene.ts";
import {
  judgeCalls,
  judgeChains,
  judgeDecisions,
  judgeInputs,
  judgeOpenTasks,
  judgeSubmissions,
  judgeSubtasks,
} from "./judge/tasks.ts";
import type { World } from "./world.ts";

/** What must hold of a session when all is settled; each complaint names what was broken. */
export async function judge(world: World): Promise<string[]> {
  await world.chronicle.look();
  const scene = await readScene(world);
  return [
    ...world.chronicle.complaints,
    ...judgeSubmissions(scene),
    ...judgeCalls(scene),
    ...judgeDecisions(scene),
    ...judgeChains(scene),
    ...judgeOpenTasks(scene),
    ...judgeInputs(scene),
    ...judgeSubtasks(scene),
    ...judgeWaits(scene),
    ...judgeOrigins(scene),
    ...judgeChanges(await world.changes(), scene),
    ...(await judgeObjects(scene)),
    ...(await judgeBatches(scene)),
    ...(await judgeRest(scene)),
  ];
}

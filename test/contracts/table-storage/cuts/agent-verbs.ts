// A repeated heartbeat or request is one more: their numbers, which only grow, are left out.
import type { TableStorage } from "../../../../src/adaptors/table-storage.ts";
import type { Cast } from "./cast.ts";
import { type CutVerb, verb } from "./cut-verb.ts";

async function heartbeat({ agents }: TableStorage, { owner, partitions }: Cast) {
  const partitionId = partitions[0]?.partitionId as never;
  const report = { ...owner, partitionId, held: 3, idleMs: 0, checksDone: 0 };
  const { heartbeats: _, ...row } = await agents.heartbeat(report);
  return row;
}

export const AGENTS: Readonly<Record<string, CutVerb>> = {
  "agents.heartbeat": verb({ run: heartbeat, isSingle: true }),
  "agents.requestChecks": verb({
    prepare: heartbeat,
    run: async ({ agents }, { owner }) => [...(await agents.requestChecks([owner.agentId])).keys()],
    isSingle: true,
  }),
  "agents.takeOver": verb({
    prepare: heartbeat,
    run: ({ agents }, { owner }) => agents.takeOver(owner.agentId, 1),
    isSingle: true,
  }),
  "agents.remove": verb({
    prepare: heartbeat,
    run: ({ agents }, { owner }) => agents.remove(owner.agentId),
    isSingle: true,
  }),
};

// Memory of an idle grid that has done nothing yet, by role.
import { setTimeout as sleep } from "node:timers/promises";
import { AGENTS } from "../support/grid.ts";
import type { Memory } from "../support/processes.ts";
import type { Measured, Work } from "../support/work.ts";

const IDLE_MS = 5_000;

const toFigures = (role: string, { pssMiB, rssMiB }: Memory): Measured[] => [
  { title: `memory, idle, ${role}, PSS`, unit: "MiB", better: "less", value: pssMiB },
  { title: `memory, idle, ${role}, RSS`, unit: "MiB", better: "less", value: rssMiB },
];

export const memory: Work = {
  key: "memory",
  on: "new grid",
  async run(startGrid) {
    await using grid = await startGrid();
    await sleep(IDLE_MS);
    const roles = grid.memory();
    const sum = (of: keyof Memory) =>
      Object.values(roles).reduce((total, each) => total + each[of], 0);
    const [pss, rss] = toFigures("everything", { pssMiB: sum("pssMiB"), rssMiB: sum("rssMiB") });
    return [
      pss as Measured,
      {
        ...(rss as Measured),
        title: `memory of everything, idle, ${AGENTS} agents and workers`,
        target: { limit: 1_024 },
      },
      ...Object.entries(roles).flatMap(([role, used]) => toFigures(role, used)),
    ];
  },
};

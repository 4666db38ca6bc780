// Memory of an idle grid that has done nothing yet, by role.
import { setTimeout as sleep } from "node:timers/promises";
import { AGENTS } from "../support/grid.ts";
import type { Memory } from "../support/processes.ts";
import type { Measured, Work } from "../support/work.ts";

const IDLE_MS = 5_000;

const toFigures = (whose: string, { pssMiB, rssMiB }: Memory) => ({
  pss: {
    title: `memory, idle, ${whose}, PSS`,
    unit: "MiB",
    better: "less",
    value: pssMiB,
  } as const,
  rss: {
    title: `memory, idle, ${whose}, RSS`,
    unit: "MiB",
    better: "less",
    value: rssMiB,
  } as const,
});

export const memory: Work = {
  key: "memory",
  on: "new grid",
  async run(startGrid) {
    await using grid = await startGrid();
    await sleep(IDLE_MS);
    const roles = grid.memory();
    const sum = (of: keyof Memory) =>
      Object.values(roles).reduce((total, each) => total + each[of], 0);
    const whole = { pssMiB: sum("pssMiB"), rssMiB: sum("rssMiB") };
    const { pss, rss } = toFigures(`everything, ${AGENTS} agents and workers`, whole);
    const parts = Object.entries(roles).map(([role, used]) => toFigures(role, used));
    return [
      pss,
      { ...rss, target: { limit: 1_024 } },
      ...parts.flatMap((part): Measured[] => [part.pss, part.rss]),
    ];
  },
};

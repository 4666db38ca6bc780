// From the command `grid dev`, in a new data folder, to "grid ready".
import type { Work } from "../support/work.ts";

export const start: Work = {
  key: "start",
  on: "new grid",
  async run(startGrid) {
    await using grid = await startGrid();
    return [
      {
        title: "grid dev, start to ready",
        unit: "s",
        better: "less",
        target: { limit: 10 },
        value: grid.startMs / 1_000,
      },
    ];
  },
};

// Temporal's part in a session of no-op tasks: events of its history, CPU of server and orchestrator.
import { historyEvents } from "../support/history.ts";
import { count, type Work } from "../support/work.ts";
import { runNoOps } from "./no-op.ts";

export const temporal: Work = {
  key: "temporal",
  extra: true,
  on: "running grid",
  async run(grid, tasks) {
    const read = () => ({
      part: grid.cpuSeconds("temporal", "orchestrator"),
      grid: grid.cpuSeconds(),
      client: process.cpuUsage(),
    });
    await runNoOps(grid.client, Math.ceil(tasks / 10));
    const before = read();
    await runNoOps(grid.client, tasks);
    const after = read();
    const { user, system } = process.cpuUsage(before.client);
    const all = after.grid - before.grid + (user + system) / 1e6;
    const events = await historyEvents(grid.temporal, grid.client.sessionIds.at(-1) ?? "");
    return [
      {
        title: `Temporal: events per 1,000 of ${count(tasks)} tasks`,
        unit: "events",
        better: "less",
        target: { limit: 50 },
        value: events / (tasks / 1_000),
      },
      {
        title: "Temporal: CPU of server and orchestrator, of all",
        unit: "%",
        better: "less",
        target: { limit: 15 },
        value: ((after.part - before.part) / all) * 100,
      },
    ];
  },
};

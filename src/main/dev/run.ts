// `grid dev`: a whole grid on this machine, for as long as the command runs.
import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../config/machine.ts";
import type { Child } from "./child.ts";
import { fillCompileCache } from "./compile-cache.ts";
import { tell, toTable } from "./console.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { type DevOptions, makePlan, type Plan } from "./layout.ts";
import { endLeftovers, toNote } from "./leftovers.ts";
import { type NoteBook, openNoteBook } from "./notes.ts";
import { listenToStopSignals, type StopSignals } from "./stop-signals.ts";
import { supervise } from "./supervise.ts";
import { findTemporalCli } from "./temporal-cli.ts";

/** Each run writes its own logs; those of the run before are kept. */
function keepEarlierLogs(logs: string): void {
  for (const name of readdirSync(logs).filter((one) => one.endsWith(".log"))) {
    renameSync(join(logs, name), join(logs, `${name}.old`));
  }
}

/** Where the grid is, for programs that start it or look for it. */
function publish(file: string, { layout, ui }: Plan, children: readonly Child[]): void {
  const { port, httpPort, temporalAddress, env, agents } = layout;
  const facts = {
    submitter: `127.0.0.1:${port}`,
    health: `http://127.0.0.1:${httpPort}`,
    temporal: temporalAddress,
    namespace: env["Temporal__Namespace"] ?? "default",
    ui: ui ?? "",
    agents: agents.length,
    pids: Object.fromEntries(children.map(({ spec, pid }) => [spec.name, pid])),
  };
  writeFileSync(`${file}.new`, `${JSON.stringify(facts, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

interface Start {
  readonly plan: Plan;
  readonly data: DataFolder;
  readonly notes: NoteBook;
  readonly signals: StopSignals;
  readonly maxStoppedMs: number;
  /** When the command was given. */
  readonly since: number;
}

/** From the first process to the last. */
async function keepRunning({
  plan,
  data,
  notes,
  signals,
  maxStoppedMs,
  since,
}: Start): Promise<void> {
  const facts = join(data.path, "grid.json");
  let usable = false;
  try {
    await supervise({
      specs: plan.specs,
      signals,
      maxStoppedMs,
      tell,
      onStarted: (children) => {
        const alive = children.flatMap(({ spec, pid }) => (pid ? [toNote(spec.name, pid)] : []));
        notes.add({ processes: alive });
        if (usable) publish(facts, plan, children);
      },
      onUsable: (children) => {
        usable = true;
        publish(facts, plan, children);
        tell(toTable(children));
        tell(`data of tasks in ${plan.sharedFolder.remark}`);
        tell(`grid ready in ${((performance.now() - since) / 1_000).toFixed(1)} s`);
      },
    });
  } finally {
    rmSync(facts, { force: true });
    plan.sharedFolder[Symbol.dispose]();
    rmSync(plan.layout.runFolder, { recursive: true, force: true });
    notes.add({ processes: [] });
  }
}

/** @throws {StartError} when the grid cannot be made usable. */
export async function runDev(options: DevOptions, machine: Machine): Promise<void> {
  const since = performance.now();
  using signals = listenToStopSignals(machine.underNpm);
  using data = openDataFolder(options.data);
  const notes = openNoteBook(data.path);
  await endLeftovers(notes.notes.processes ?? [], tell);
  keepEarlierLogs(data.logs);
  try {
    const source = await findTemporalCli(machine, tell, signals.drain);
    const plan = await makePlan({ options, machine, data, notes, source });
    await fillCompileCache(plan.layout.compileCache);
    const maxStoppedMs = options.maxStopped * 1_000;
    await keepRunning({ plan, data, notes, signals, maxStoppedMs, since });
  } catch (error) {
    // Somebody told us to stop in the middle of a download: that is no failure.
    if (!signals.drain.aborted || (error as Error).name !== "AbortError") throw error;
  }
}

// Usage: stand-in-grid.ts FOLDER GRACE_MS [ROLE=COMMAND]…
//
// A supervisor as `grid dev` runs it, over roles that are a few lines of shell each: they note
// their start and their end in files, and end when told to. A file ROLE.unready keeps a role from
// becoming ready. "temporal=" means that there is none.
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import type { ChildSpec } from "../../src/main/dev/child.ts";
import { listenToStopSignals } from "../../src/main/dev/stop-signals.ts";
import { supervise } from "../../src/main/dev/supervise.ts";

const [folder = "", grace, ...given] = process.argv.slice(2);

const commands = new Map(given.map((pair) => pair.split(/=(.*)/s, 2) as [string, string]));

const obedient = (name: string): string => `
echo $$ >> ${name}.pids
trap 'echo ${name} >> ends; exit 0' TERM
while :; do sleep 0.02; done`;

const hasStarted = (name: string): boolean => existsSync(join(folder, `${name}.pids`));

/** As with real ones, an agent is ready when its worker serves. */
const isReady = (name: string): boolean =>
  !existsSync(join(folder, `${name}.unready`)) &&
  hasStarted(name) &&
  (!name.startsWith("agent") || hasStarted(name.replace("agent", "worker")));

const spec = (name: string): ChildSpec => ({
  name,
  address: "",
  command: ["/bin/sh", "-c", `cd '${folder}'; ${commands.get(name) ?? obedient(name)}`],
  env: { PATH: "/usr/bin:/bin" },
  logFile: join(folder, `${name}.log`),
  graceMs: Number(grace),
  wholeGroup: name.startsWith("worker"),
  ...(name.startsWith("worker") ? {} : { isReady: async () => isReady(name) }),
});

const tell = (text: string): void => appendFileSync(join(folder, "told"), `${text}\n`);

try {
  using signals = listenToStopSignals(false);
  await supervise({
    specs: {
      temporal: commands.get("temporal") === "" ? undefined : spec("temporal"),
      submitter: spec("submitter"),
      orchestrator: spec("orchestrator"),
      agents: [spec("agent-1")],
      workers: [spec("worker-1")],
    },
    signals,
    maxStoppedMs: 1_000,
    tell,
    onStarted: () => undefined,
    onUsable: () => tell("usable"),
  });
} catch (error) {
  tell(String(error));
  process.exitCode = 1;
}

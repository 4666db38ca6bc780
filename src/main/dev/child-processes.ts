import { type Child, type ChildSpec, type ChildSurroundings, openChild } from "./child.ts";

export interface CrewSpecs {
  /** None where a server runs already. */
  readonly temporal: ChildSpec | undefined;
  readonly submitter: ChildSpec;
  readonly orchestrator: ChildSpec;
  readonly agents: readonly ChildSpec[];
  /** As many as agents, in the same order. */
  readonly workers: readonly ChildSpec[];
}

/** All processes of a grid. */
export interface ChildProcesses {
  /** In the order in which people read about them. */
  readonly all: readonly Child[];
  readonly temporal: Child | undefined;
  /** The one that works for this agent. */
  workerOf(agent: Child): Child | undefined;
  /** Ends them in order; resolves when nothing is left. */
  stop(): Promise<void>;
  /** Ends them at once; `stop` tells when they are gone. */
  kill(): void;
}

export function openChildProcesses(
  specs: CrewSpecs,
  dependencies: ChildSurroundings,
): ChildProcesses {
  const open = (spec: ChildSpec): Child => openChild(spec, dependencies);
  const temporal = specs.temporal && open(specs.temporal);
  // The slowest first: it has the most to load.
  const orchestrator = open(specs.orchestrator);
  const submitter = open(specs.submitter);
  const agents = specs.agents.map(open);
  const workers = specs.workers.map(open);
  // Agents first, so that each has its worker, its stores and its callers until the end.
  const order = [agents, workers, [submitter], [orchestrator], temporal ? [temporal] : []];
  const all = [...(temporal ? [temporal] : []), submitter, orchestrator, ...agents, ...workers];
  return {
    all,
    temporal,
    workerOf: (agent) => workers[agents.indexOf(agent)],
    async stop() {
      // Who is stopped may hold a lock that those who end first still need.
      for (const child of all) child.wake();
      for (const group of order) {
        for (const child of group) child.stop();
        await Promise.all(group.map(({ stopped }) => stopped));
      }
    },
    kill() {
      for (const child of all) child.kill();
    },
  };
}

import { availableParallelism, cpus, loadavg } from "node:os";

/** For the head of a section: when and where its figures were taken. */
export const describeMachine = (): string =>
  `${new Date().toISOString().slice(0, 10)} on ${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}), Node ${process.version}`;

/** Load of the last minute, and a warning when others leave too little for figures to mean much. */
export function describeLoad(): string {
  const [load = 0] = loadavg();
  const busy = load > availableParallelism() / 4;
  return `${load.toFixed(2)}${busy ? " (**busy**: these figures mean little)" : ""}`;
}

/** The two ends of the link between a worker and its agent, as gRPC takes them. */
export interface WorkerSockets {
  /** Where this worker listens. */
  readonly workerAddress: string;
  /** Where the agent does. */
  readonly agentAddress: string;
}

/** From the variables that ArmoniK sets for workers in every language. */
export function workerSockets(): WorkerSockets {
  return { workerAddress: addressOf("Worker"), agentAddress: addressOf("Agent") };
}

function addressOf(end: "Worker" | "Agent"): string {
  const setting = (name: string): string | undefined =>
    process.env[`ComputePlane__${end}Channel__${name}`];
  const address = setting("Address") ?? `/cache/armonik_${end.toLowerCase()}.sock`;
  const isTcp = setting("SocketType")?.toLowerCase() === "tcp";
  // gRPC has no use for the scheme of `http://host:port`; paths of sockets are absolute.
  return isTcp ? address.replace(/^\w+:\/\//, "") : `unix://${address}`;
}

/** Where somebody wanted to listen, and the setting that moves them elsewhere. */
export interface ListenAddress {
  /** As people write it: `127.0.0.1:5001`, `/cache/armonik_agent.sock`. */
  readonly name: string;
  /** As the environment spells it: `Submitter__Port`. */
  readonly setting: string;
}

const advice = (reason: string, { setting }: ListenAddress): string => {
  if (reason.includes("EADDRINUSE"))
    return `another process listens there: stop it, or set ${setting} to a free one`;
  if (reason.includes("EACCES"))
    return `this user may not listen there: set ${setting} to one that is allowed`;
  if (reason.includes("EADDRNOTAVAIL") || reason.includes("ENOTFOUND"))
    return "this machine has no such address: set the section's Host to one of its own";
  if (reason.includes("ENOENT")) return `its folder does not exist: create it, or set ${setting}`;
  return reason;
};

/** Says which address could not be listened on, why, and what to do about it. */
export const toListenError = (address: ListenAddress, cause: unknown): Error => {
  // grpc-js reports a failed bind by text only, hence no look at `code` here.
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`Cannot listen on ${address.name}: ${advice(reason, address)}`, { cause });
};

import { existsSync } from "node:fs";
import { dirname } from "node:path";

/** Where somebody wanted to listen, and the setting that moves them elsewhere. */
export interface ListenAddress {
  /** As people write it: `127.0.0.1:5001`, `/cache/armonik_agent.sock`. */
  readonly name: string;
  /** As the environment spells it: `Submitter__Port`. */
  readonly setting: string;
}

/** Node says EACCES of a socket in a folder that is not there. */
const hasNoFolder = (name: string): boolean => name.startsWith("/") && !existsSync(dirname(name));

const advice = (reason: string, { name, setting }: ListenAddress): string => {
  if (reason.includes("EADDRINUSE"))
    return `another process listens there: stop it, or set ${setting} to a free one`;
  if (hasNoFolder(name)) return `its folder does not exist: create it, or set ${setting}`;
  if (reason.includes("EACCES"))
    return `this user may not listen there: set ${setting} to one that is allowed`;
  if (reason.includes("EADDRNOTAVAIL") || reason.includes("ENOTFOUND"))
    return "this machine has no such address: set the section's Host to one of its own";
  return reason;
};

/** Says which address could not be listened on, why, and what to do about it. */
export const toListenError = (address: ListenAddress, cause: unknown): Error => {
  // grpc-js reports a failed bind by text only, hence no look at `code` here.
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`Cannot listen on ${address.name}: ${advice(reason, address)}`, { cause });
};

/** Where a gRPC server listens or is found. */
export type Address =
  | { readonly host: string; readonly port: number }
  /** Absolute path of a Unix socket. */
  | { readonly socket: string };

/** How configuration spells one end of the agent ↔ worker link. */
export interface Channel {
  readonly address: string;
  readonly socketType: "unixdomainsocket" | "tcp";
}

/** Accepts `http://host:port` and `host:port`; the published SDKs write the first. */
export function toAddress({ address, socketType }: Channel): Address {
  if (socketType === "unixdomainsocket") return { socket: address };
  const { hostname, port } = new URL(address.includes("://") ? address : `http://${address}`);
  // URL leaves out the port that is its scheme's default.
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80) };
}

/** As nice-grpc takes it, for servers and clients alike. */
export function toTarget(address: Address): string {
  // With one slash less nice-grpc's createChannel takes it for a host and appends `:80`.
  if ("socket" in address) return `unix://${address.socket}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

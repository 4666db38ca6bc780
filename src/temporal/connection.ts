import { Client } from "@temporalio/client";
import { NativeConnection } from "@temporalio/worker";
import type { Secret } from "../domain/secret.ts";

export interface TemporalOptions {
  readonly address: string;
  readonly namespace: string;
  readonly apiKey?: Secret | undefined;
}

export interface TemporalConnection extends AsyncDisposable {
  readonly connection: NativeConnection;
  readonly client: Client;
  readonly namespace: string;
}

/** Rejects when Temporal does not answer; the connection reconnects by itself afterwards. */
export async function openTemporal(options: TemporalOptions): Promise<TemporalConnection> {
  const { address, namespace, apiKey } = options;
  const connection = await NativeConnection.connect({
    address,
    // Payloads are ids and numbers: compressing them costs a fifth of the client's CPU for nothing.
    grpcCompression: { codec: "none" },
    ...(apiKey && { apiKey: apiKey.reveal() }),
  });
  return {
    connection,
    client: new Client({ connection, namespace }),
    namespace,
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

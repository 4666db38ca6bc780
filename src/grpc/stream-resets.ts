// Lets callers give up as many streams as they like.
//
// Node takes more than 1,000 streams given up, and 33 more a second, for an attack, and closes the
// connection with all that is under way on it. To the waits of the SDKs this happens: each bucket of
// results is a stream of events that ends by being given up.
import type { ServerSessionOptions } from "node:http2";
import { Server } from "@grpc/grpc-js";

const TOLERANT = { streamResetBurst: 1_000_000, streamResetRate: 100_000 };

/** What grpc-js has no channel option for. */
interface Internals {
  readonly commonServerOptions: ServerSessionOptions;
  createHttp2Server(credentials: unknown): unknown;
}

const internals = Server.prototype as unknown as Internals;
const { createHttp2Server } = internals;

internals.createHttp2Server = function (this: Internals, credentials) {
  Object.assign(this.commonServerOptions, TOLERANT);
  return createHttp2Server.call(this, credentials);
};

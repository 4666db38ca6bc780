// Unary calls on bare grpc-js: the yardsticks must not pay for a framework.
import {
  Client,
  credentials,
  type handleUnaryCall,
  Server,
  ServerCredentials,
} from "@grpc/grpc-js";

interface Codec<T> {
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
}

/** What ts-proto's generic definitions have of a unary method. */
interface Method<Req, Res> {
  readonly name: string;
  readonly requestType: Codec<Req>;
  readonly responseType: Codec<Res>;
}

const path = (service: string, method: string): string => `/${service}/${method}`;

export function addUnary<Req, Res>(
  server: Server,
  service: { fullName: string },
  method: Method<Req, Res>,
  handle: (request: Req) => Res | Promise<Res>,
): void {
  const handler: handleUnaryCall<Req, Res> = (call, reply) => {
    Promise.resolve(handle(call.request)).then(
      (response) => reply(null, response),
      (error: Error) => reply(error),
    );
  };
  const codec = {
    path: path(service.fullName, method.name),
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: Req) => Buffer.from(method.requestType.encode(m).finish()),
    requestDeserialize: (b: Buffer) => method.requestType.decode(b),
    responseSerialize: (m: Res) => Buffer.from(method.responseType.encode(m).finish()),
    responseDeserialize: (b: Buffer) => method.responseType.decode(b),
  };
  server.addService({ [method.name]: codec }, { [method.name]: handler as never });
}

/** Answers a function that makes the call. */
export function unary<Req, Res>(
  client: Client,
  service: { fullName: string },
  method: Method<Req, Res>,
): (request: Req) => Promise<Res> {
  const name = path(service.fullName, method.name);
  const serialize = (m: Req) => Buffer.from(method.requestType.encode(m).finish());
  const deserialize = (b: Buffer) => method.responseType.decode(b);
  return (request) =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(name, serialize, deserialize, request, (error, response) => {
        if (error) reject(error);
        else resolve(response as Res);
      });
    });
}

/** Connects to `unix:/path` or `host:port`; sockets get the authority that the SDKs expect. */
export const connect = (address: string): Client =>
  new Client(address, credentials.createInsecure(), { "grpc.default_authority": "localhost" });

export async function listen(server: Server, address: string): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

export { Server };

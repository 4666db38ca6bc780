// Services that answer whole messages. nice-grpc completes each reply before it encodes it, so that
// fields may be left out: a deep copy, which costs more than the encoding. Here the compiler sees
// to it that nothing is left out.
import type { CallContext, Server } from "nice-grpc";
import type { DrainContext } from "./drain.ts";
import { orStandIn } from "./undecodable.ts";

/** Of any message: what it takes and answers is read off the type of each definition. */
interface MessageType {
  encode(message: never): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

interface Method {
  readonly name: string;
  readonly requestType: MessageType;
  readonly requestStream: boolean;
  readonly responseType: MessageType;
  readonly responseStream: boolean;
  readonly options: object;
}

export interface Definition {
  readonly name: string;
  readonly fullName: string;
  readonly methods: Readonly<Record<string, Method>>;
}

type MessageOf<Type extends MessageType> = ReturnType<Type["decode"]>;
type Sent<M extends Method> = M["requestStream"] extends true
  ? AsyncIterable<MessageOf<M["requestType"]>>
  : MessageOf<M["requestType"]>;
type Answered<M extends Method> = M["responseStream"] extends true
  ? AsyncIterable<MessageOf<M["responseType"]>>
  : Promise<MessageOf<M["responseType"]>>;

/** A service's methods, each answering messages without a gap. */
export type Service<D extends Definition> = {
  [Name in keyof D["methods"]]: (
    request: Sent<D["methods"][Name]>,
    context: CallContext & DrainContext,
  ) => Answered<D["methods"][Name]>;
};

/** Replies without completion, requests whatever they are. */
const toServed = (definition: Definition): Definition => {
  const methods = Object.entries(definition.methods).map(([key, method]) => {
    const { encode, decode } = method.responseType;
    const requestType = { ...method.requestType, decode: orStandIn(method.requestType.decode) };
    return [key, { ...method, requestType, responseType: { encode, decode } }];
  });
  return { ...definition, methods: Object.fromEntries(methods) };
};

/** A service as data: a server registers it, others look which methods there are. */
export interface ServedService {
  readonly definition: Definition;
  /** Has a method for each of the definition's, under the same key. */
  readonly service: Readonly<Record<string, (request: never, context: never) => unknown>>;
}

/** What answers a definition's methods, checked against it. */
export const serve = <D extends Definition>(definition: D, service: Service<D>): ServedService => ({
  definition,
  service,
});

export function addService(
  server: Server<DrainContext>,
  { definition, service }: ServedService,
): void {
  // nice-grpc cannot express what `Service` has checked.
  server.add(toServed(definition), service as never);
}

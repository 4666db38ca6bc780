// Requests that cannot be decoded. grpc-js would answer INTERNAL without a reason, before any
// middleware hears of the call; so decoding goes on with a stand-in, and the middleware refuses it.
import type { ServerMiddlewareCall } from "nice-grpc";
import { invalid } from "../domain/errors.ts";

class Undecodable {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

type Decode<Message> = (bytes: Uint8Array) => Message;

/** The same decoder, but answering a stand-in where it would throw. */
export const orStandIn =
  <Message>(decode: Decode<Message>): Decode<Message> =>
  (bytes) => {
    try {
      return decode(bytes);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return new Undecodable(reason) as Message;
    }
  };

function requireDecoded<Message>(message: Message): Message {
  if (!(message instanceof Undecodable)) return message;
  const allowed = "send a message of the interface, its numbers within ±2^53";
  throw invalid("request", `cannot be decoded (${message.reason})`, allowed);
}

async function* requireEach<Message>(messages: AsyncIterable<Message>) {
  for await (const message of messages) yield requireDecoded(message);
}

/** @throws {GridError} INVALID_ARGUMENT; of a stream, when it comes to the message. */
export function decoded<Request>(
  call: ServerMiddlewareCall<Request, unknown>,
): Request | AsyncIterable<Request> {
  return call.requestStream ? requireEach(call.request) : requireDecoded(call.request);
}

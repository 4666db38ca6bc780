import type { CallContext } from "nice-grpc";

/**
 * Sends the response headers now instead of with the first message.
 *
 * The C# SDK waits for the headers of an event stream before it goes on. nice-grpc sends none
 * while there is nothing in them, so there has to be one.
 */
export function sendHeaders(context: CallContext): void {
  context.header.set("x-armonik-stream", "open");
  context.sendHeader();
}

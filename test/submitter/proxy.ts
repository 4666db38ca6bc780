import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import type { Address } from "../../src/grpc/address.ts";

/** A line between client and server that can be cut, as a machine's death cuts it. */
export async function openProxy(address: Address) {
  if (!("port" in address)) throw new Error("only TCP can be proxied");
  const { port } = address;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = createConnection(port, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      // What a cut line complains of is the point of it.
      socket.on("error", () => {});
    }
    near.pipe(far).pipe(near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

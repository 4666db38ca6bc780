// Usage: ill-worker.ts SOCKET ILLNESS
//
// A worker that is there and falls ill in the task it is given: it does not answer, and what it is
// asked afterwards it hears as its illness allows. Written on HTTP/2 alone, since servers of gRPC
// are too well to do some of this.
import { openSync, rmSync } from "node:fs";
import {
  constants,
  createServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { createServer as createTcpServer, type Socket } from "node:net";

const [socket = "", illness = ""] = process.argv.slice(2);

const SERVING = 1;
const NOT_SERVING = 2;
const BUSY_MS = 4_000;
let isWell = true;

/** A message of up to 127 bytes. */
const frame = (...bytes: number[]): Buffer => Buffer.from([0, 0, 0, 0, bytes.length, ...bytes]);

function answer(stream: ServerHttp2Stream, message: Buffer): void {
  stream.respond(
    { ":status": 200, "content-type": "application/grpc" },
    { waitForTrailers: true, endStream: false },
  );
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(message);
}

/** `output { ok {} }` */
const answerOk = (stream: ServerHttp2Stream): void => answer(stream, frame(0x0a, 0x02, 0x12, 0x00));

const sessions = new Set<ServerHttp2Session>();
const hangUp = (): void => {
  for (const session of sessions) session.destroy();
};
const block = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

/** The call itself is not what fails. */
const afterCall =
  (act: () => void) =>
  (stream: ServerHttp2Stream): void =>
    void stream.once("close", act);

/** No file can be opened any more, nor a connection taken. */
function useUpDescriptors(): void {
  const useUp = (): void => {
    try {
      for (;;) openSync("/dev/null", "r");
    } catch {} // EMFILE.
  };
  useUp();
  hangUp();
  // What hanging up has freed, too.
  setInterval(useUp, 1);
}

function loseSocket(): void {
  rmSync(socket);
  hangUp();
}

/** The process goes on; what listened on the socket is replaced. */
function listenInstead(onConnection: (connection: Socket) => void): void {
  hangUp();
  server.close();
  rmSync(socket, { force: true });
  createTcpServer((connection) => {
    connection.on("error", () => undefined);
    onConnection(connection);
  }).listen(socket);
}

const ILLNESSES: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
  none: answerOk,
  busy: (stream) => {
    block(BUSY_MS);
    answerOk(stream);
  },
  stopped: () => process.kill(process.pid, "SIGSTOP"),
  deadlocked: () => block(Number.POSITIVE_INFINITY),
  "out of file descriptors": afterCall(useUpDescriptors),
  "without its socket": afterCall(loseSocket),
  "accepting connections only": afterCall(() => listenInstead(() => undefined)),
  "speaking HTTP/1 only": afterCall(() =>
    listenInstead((connection) => connection.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
  ),
  "not serving": () => {
    isWell = false;
  },
};

const server = createServer();
server.on("session", (session: ServerHttp2Session) => {
  sessions.add(session);
  session.on("error", () => undefined).on("close", () => sessions.delete(session));
});
server.on("stream", (stream, headers) => {
  stream.on("error", () => undefined);
  if (`${headers[constants.HTTP2_HEADER_PATH]}`.endsWith("/Process")) ILLNESSES[illness]?.(stream);
  else answer(stream, frame(0x08, isWell ? SERVING : NOT_SERVING));
});
server.on("error", () => undefined);
server.listen(socket);

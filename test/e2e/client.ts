/** A program on the published SDK that says what it is at: see `submitting` in grid.py. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type SessionId, sessionId } from "../../src/domain/ids.ts";

export const PROGRAMS = join(import.meta.dirname, "programs");

export interface Client extends Disposable {
  readonly session: SessionId;
  /** Lets it submit; resolves when all tasks are accepted. */
  submit(): Promise<void>;
  /** Resolves when each of its waits ended and each value it read was right. */
  readonly done: Promise<void>;
}

export interface ClientOptions {
  readonly python: string;
  /** Of the folder `programs`. */
  readonly program: string;
  readonly args: readonly string[];
  /** The one that the program is told to join, if it is not to open one. */
  readonly session?: SessionId;
}

/** Resolves when its session is there. */
export async function startClient(options: ClientOptions): Promise<Client> {
  const { python, program, args, session } = options;
  const client = spawn(python, [join(PROGRAMS, program), ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let said = "";
  client.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  client.stdin.on("error", () => undefined); // it was killed, or has failed: `done` says so
  const lines = createInterface(client.stdout);
  const done = once(client, "close").then(([code]) => {
    if (code !== 0) throw new Error(`the client ended with ${code}: ${said.slice(-3_000)}`);
  });
  done.catch(() => undefined); // awaited later
  const hears = (line: RegExp): Promise<string> => {
    const heard = Promise.withResolvers<string>();
    lines.on("line", (text) => {
      const [, found] = line.exec(text) ?? [];
      if (found !== undefined) heard.resolve(found);
    });
    done.then(() => heard.reject(new Error(`the client never said ${line}`)), heard.reject);
    heard.promise.catch(() => undefined); // asked for or not
    return heard.promise;
  };
  const submitted = hears(/^(submitted)$/);
  return {
    session: session ?? sessionId(await hears(/^session (.+)$/)),
    async submit() {
      client.stdin.write("go\n");
      await submitted;
    },
    done,
    [Symbol.dispose]() {
      client.kill("SIGKILL");
    },
  };
}

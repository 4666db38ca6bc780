/** The published SDK's client with many short tasks, and what the workers note of them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type SessionId, sessionId } from "../../src/domain/ids.ts";

export const PROGRAMS = join(import.meta.dirname, "programs");

export interface Load extends Disposable {
  readonly session: SessionId;
  /** Lets it submit; resolves when all tasks are accepted. */
  submit(): Promise<void>;
  /** Resolves when each of its waits ended and each value it read was right. */
  readonly done: Promise<void>;
}

export interface LoadOptions {
  readonly python: string;
  readonly endpoint: string;
  readonly tasks: number;
  /** Take over the waits of a client that had submitted to this session. */
  readonly session?: SessionId;
}

export async function startLoad({ python, endpoint, tasks, session }: LoadOptions): Promise<Load> {
  const args = [join(PROGRAMS, "load.py"), endpoint, `${tasks}`, ...(session ? [session] : [])];
  const client = spawn(python, args, { stdio: ["pipe", "pipe", "pipe"] });
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

export interface Execution {
  readonly taskId: string;
  /** The name of the worker's socket. */
  readonly worker: string;
}

/** Every execution of user code so far, in the order in which they began. */
export function executions(log: string): Execution[] {
  const lines = readFileSync(log, { encoding: "utf8", flag: "a+" }).split("\n").filter(Boolean);
  return lines.map((line) => {
    const [taskId = "", worker = ""] = line.split(" ");
    return { taskId, worker };
  });
}

/** The task as its client knows it: a retry is `<initial>###<n>`. */
export const initialOf = (taskId: string): string => taskId.replace(/###\d+$/, "");

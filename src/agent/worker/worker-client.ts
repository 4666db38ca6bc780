// The channel to the worker.
//
//   WC1. One call at a time, and health only between calls: a busy worker may not answer, and while
//       a call runs it is judged by the call's connection alone.
//   WC2. A call begins only on a connection that stands, so that a worker which died idle is not
//       taken for one that the task killed.
//   WC3. After a cancelled or timed-out call the worker may still be running it: it is asked for its
//       health, and waited for, before the next call.
//   WC4. A worker that has had nothing to do for a while is asked, so that one which is there and
//       does not serve is found before a task is given to it.
//   WC5. A worker is given up only after a health check that began when its patience was over. Time
//       in which this process itself was suspended does not count.
// Raw grpc-js: this is the hottest call of the agent.

import { setTimeout as sleep } from "node:timers/promises";
import {
  Client,
  connectivityState,
  credentials,
  Metadata,
  type ServiceError,
  status as Status,
} from "@grpc/grpc-js";
import { Empty } from "../../gen/objects.ts";
import {
  HealthCheckReply,
  HealthCheckReply_ServingStatus,
  ProcessReply,
  ProcessRequest,
} from "../../gen/worker_common.ts";
import { WorkerDefinition } from "../../gen/worker_service.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { LONGEST_TIMER_MS, startTimer } from "./long-timer.ts";

export type CallEnd =
  | { readonly kind: "reply"; readonly reply: ProcessReply }
  | { readonly kind: "timeout" }
  | {
      readonly kind: "failed";
      /** gRPC's own name. */
      readonly code: string;
      readonly details: string;
      /** The worker, or the way to it, is gone: it did not answer this itself. */
      readonly connectionLost: boolean;
    };

export interface WorkerCall {
  /** Never rejects. */
  readonly end: Promise<CallEnd>;
  cancel(): void;
}

export interface WorkerClient extends Disposable {
  /** May a call begin at once? */
  isReady(): boolean;
  /** Has it been silent long enough that it is to be asked before its next call (WC4)? */
  isSilent(): boolean;
  /**
   * Asks the worker for its health until it says that it serves.
   *
   * @throws {WorkerAwayError} when it has not for `patienceMs`.
   * @throws the signal's reason when `signal` aborts.
   */
  becomeReady(signal: AbortSignal, patienceMs: number): Promise<void>;
  /** Runs a task; 0 = without a limit. */
  process(request: ProcessRequest, limitMs: number): WorkerCall;
  /** There while the worker is asked and has not said that it serves. */
  readonly unready: Unready | undefined;
}

export interface Unready {
  readonly forMs: number;
  /** For this long it is waited for. */
  readonly patienceMs: number;
}

/** The worker has not served for as long as it is waited for. */
export class WorkerAwayError extends Error {
  override readonly name = "WorkerAwayError";
}

type State =
  /** It said so, and all its calls since have ended by themselves, the last one then (monotonic). */
  | { readonly mode: "serving"; heardAt: number }
  /** It is to be asked before the next call (WC3). */
  | { readonly mode: "doubtful" }
  /** It is being asked since then, on the monotonic clock, and has not said that it serves. */
  | { readonly mode: "asked"; readonly since: number; readonly patienceMs: number };

const HEALTH_LIMIT_MS = 5_000;
/** Of the check with which the patience ends. */
const LAST_HEALTH_LIMIT_MS = 1_000;
const LONGEST_PAUSE_MS = 2_000;
const SILENT_MS = 5_000;

const OPTIONS = {
  // Some SDKs look at it, whatever the socket's path is.
  "grpc.default_authority": "localhost",
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  // A repeated Process is another attempt: only the store decides on that.
  "grpc.enable_retries": 0,
  "grpc.enable_http_proxy": 0,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  "grpc.use_local_subchannel_pool": 1,
};

const PROCESS = `/${WorkerDefinition.fullName}/${WorkerDefinition.methods.process.name}`;
const HEALTH = `/${WorkerDefinition.fullName}/${WorkerDefinition.methods.healthCheck.name}`;
const NO_METADATA = new Metadata();

const encodeRequest = (request: ProcessRequest): Buffer =>
  toBuffer(ProcessRequest.encode(request).finish());
const encodeEmpty = (empty: Empty): Buffer => toBuffer(Empty.encode(empty).finish());
const decodeReply = (bytes: Buffer): ProcessReply => ProcessReply.decode(bytes);
const decodeHealth = (bytes: Buffer): HealthCheckReply => HealthCheckReply.decode(bytes);
/** A view, not a copy. */
const toBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** @param target as `toTarget` of the gRPC folder writes it. */
export function openWorkerClient(target: string, log: Logger): WorkerClient {
  const client = new Client(target, credentials.createInsecure(), OPTIONS);
  const channel = client.getChannel();
  let state: State = { mode: "doubtful" };
  /** Who is being asked for its health already is as doubtful as can be. */
  const doubt = (): void => {
    if (state.mode === "serving") state = { mode: "doubtful" };
  };
  const ask = (since: number, patienceMs: number): void => {
    if (state.mode !== "asked") state = { mode: "asked", since, patienceMs };
  };
  const trust = (): void => {
    state = { mode: "serving", heardAt: performance.now() };
  };
  const hear = (): void => {
    if (state.mode === "serving") state.heardAt = performance.now();
  };

  const isConnected = () => channel.getConnectivityState(false) === connectivityState.READY;

  /** Undefined when it serves, else why not. */
  const check = (signal: AbortSignal, limitMs: number): Promise<string | undefined> =>
    new Promise((resolve) => {
      const options = { deadline: Date.now() + limitMs };
      const call = client.makeUnaryRequest(
        ...([HEALTH, encodeEmpty, decodeHealth, {}, NO_METADATA, options] as const),
        (error, reply) => {
          signal.removeEventListener("abort", cancel);
          resolve(error ? whyNot(error) : whyNotServing(reply));
        },
      );
      const cancel = (): void => call.cancel();
      signal.addEventListener("abort", cancel, { once: true });
    });

  const toEnd = (error: ServiceError): CallEnd => {
    doubt();
    if (error.code === Status.DEADLINE_EXCEEDED) return { kind: "timeout" };
    return {
      kind: "failed",
      code: Status[error.code] ?? "UNKNOWN",
      details: error.details,
      connectionLost: !isConnected(),
    };
  };

  return {
    isReady: () => state.mode === "serving" && isConnected(),
    isSilent: () => state.mode === "serving" && performance.now() - state.heardAt > SILENT_MS,
    get unready() {
      if (state.mode !== "asked") return undefined;
      return { forMs: performance.now() - state.since, patienceMs: state.patienceMs };
    },
    async becomeReady(signal, patienceMs) {
      const since = performance.now();
      // One that is only silent goes on counting as ready until it does not answer.
      if (state.mode !== "serving" || !isConnected()) ask(since, patienceMs);
      for (let tries = 1; ; tries += 1) {
        const leftMs = since + patienceMs - performance.now();
        const limitMs = Math.min(HEALTH_LIMIT_MS, Math.max(LAST_HEALTH_LIMIT_MS, leftMs));
        const reason = await check(signal, limitMs);
        signal.throwIfAborted();
        if (reason === undefined) break;
        ask(since, patienceMs);
        if (leftMs <= 0) throw new WorkerAwayError(sayAway(target, since, reason));
        log.warn({ reason, tries }, "worker does not serve yet");
        const pauseMs = Math.min(LONGEST_PAUSE_MS, 50 * 2 ** tries, leftMs);
        await sleep(pauseMs, undefined, { signal });
      }
      trust();
    },
    process(request, limitMs) {
      const { promise: end, resolve } = Promise.withResolvers<CallEnd>();
      // gRPC takes a longer deadline for none.
      const isLong = limitMs > LONGEST_TIMER_MS;
      const options = limitMs > 0 && !isLong ? { deadline: Date.now() + limitMs } : {};
      const timeOut = (): void => {
        call.cancel();
        doubt();
        resolve({ kind: "timeout" });
      };
      const stopTimer = isLong ? startTimer(limitMs, timeOut) : undefined;
      const call = client.makeUnaryRequest(
        ...([PROCESS, encodeRequest, decodeReply, request, NO_METADATA, options] as const),
        (error, reply) => {
          stopTimer?.();
          if (!error) {
            hear();
            resolve({ kind: "reply", reply: reply as ProcessReply });
          }
          // The channel hears of a lost connection after the call does.
          else setImmediate(() => resolve(toEnd(error)));
        },
      );
      return { end, cancel: () => call.cancel() };
    },
    [Symbol.dispose]() {
      client.close();
    },
  };
}

const sayAway = (target: string, since: number, reason: string): string => {
  const seconds = ((performance.now() - since) / 1_000).toFixed(1);
  return `The worker at ${target} has not served for ${seconds} s (${reason}): it and its agent must be started anew`;
};

/** Not every worker has the method: one that answers so is alive. */
const whyNot = ({ code, message }: ServiceError): string | undefined =>
  code === Status.UNIMPLEMENTED ? undefined : message;

function whyNotServing(reply: HealthCheckReply | undefined): string | undefined {
  const status = reply?.status ?? HealthCheckReply_ServingStatus.UNKNOWN;
  return status === HealthCheckReply_ServingStatus.SERVING ? undefined : `status ${status}`;
}

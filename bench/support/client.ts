// The bench's client: plain generated stubs, one channel.
import { createChannel, createClient } from "nice-grpc";
import { EventsEnum } from "../../src/gen/events_common.ts";
import { EventsDefinition } from "../../src/gen/events_service.ts";
import { ResultStatus } from "../../src/gen/result_status.ts";
import { ResultsDefinition } from "../../src/gen/results_service.ts";
import { SessionsDefinition } from "../../src/gen/sessions_service.ts";
import { TasksDefinition } from "../../src/gen/tasks_service.ts";

const CALL = 1_000;
const OPTIONS = {
  maxDuration: { seconds: 300, nanos: 0 },
  maxRetries: 2,
  priority: 1,
  applicationName: "bench",
};

const slices = <T>(all: readonly T[], size = CALL): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
    all.slice(i * size, (i + 1) * size),
  );

export interface Definition {
  readonly payloadId: string;
  readonly outputs: readonly string[];
  readonly inputs?: readonly string[];
  /** The task's own options, for the worker. */
  readonly options?: Readonly<Record<string, string>>;
}

export function openClient(address: string) {
  const channel = createChannel(address, undefined, {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  const sessions = createClient(SessionsDefinition, channel);
  const results = createClient(ResultsDefinition, channel);
  const tasks = createClient(TasksDefinition, channel);
  const events = createClient(EventsDefinition, channel);

  const sessionIds: string[] = [];

  return {
    sessions,
    /** All sessions made so far, oldest first. */
    sessionIds,
    results,
    tasks,
    close: () => channel.close(),

    async newSession(): Promise<string> {
      const { sessionId } = await sessions.createSession({
        defaultTaskOption: OPTIONS,
        partitionIds: [],
      });
      sessionIds.push(sessionId);
      return sessionId;
    },

    async newResults(sessionId: string, count: number): Promise<string[]> {
      const names = Array.from({ length: count }, (_, i) => ({ name: `r${i}` }));
      const ids: string[] = [];
      for (const part of slices(names)) {
        const reply = await results.createResultsMetaData({ sessionId, results: part });
        ids.push(...reply.results.map(({ resultId }) => resultId));
      }
      return ids;
    },

    async newData(sessionId: string, blobs: readonly Uint8Array[]): Promise<string[]> {
      const ids: string[] = [];
      for (const part of slices(blobs.map((data, i) => ({ name: `d${i}`, data })))) {
        const reply = await results.createResults({ sessionId, results: part });
        ids.push(...reply.results.map(({ resultId }) => resultId));
      }
      return ids;
    },

    async submit(sessionId: string, definitions: readonly Definition[]): Promise<void> {
      for (const part of slices(definitions)) {
        await tasks.submitTasks({
          sessionId,
          taskCreations: part.map(({ payloadId, outputs, inputs = [], options }) => ({
            payloadId,
            expectedOutputKeys: [...outputs],
            dataDependencies: [...inputs],
            ...(options && { taskOptions: { ...OPTIONS, options } }),
          })),
        });
      }
    },

    /** Resolves when all of these results are COMPLETED; rejects when one is ABORTED. */
    async completed(sessionId: string, ids: readonly string[]): Promise<void> {
      const missing = new Set(ids);
      const stream = events.getEvents({
        sessionId,
        tasksFilters: { or: [] },
        resultsFilters: { or: [] },
        returnedEvents: [EventsEnum.NEW_RESULT, EventsEnum.RESULT_STATUS_UPDATE],
      });
      for await (const { update } of stream) {
        if (update?.$case !== "newResult" && update?.$case !== "resultStatusUpdate") continue;
        const { resultId, status } = update.value;
        if (status === ResultStatus.ABORTED) throw new Error(`result ${resultId} was aborted`);
        if (status === ResultStatus.COMPLETED) missing.delete(resultId);
        if (missing.size === 0) return;
      }
      throw new Error("the event stream ended");
    },
  };
}

export type BenchClient = ReturnType<typeof openClient>;

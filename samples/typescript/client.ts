// A client of the grid in one page: everything that a first program needs, and nothing else.
import { createChannel, createClient } from "nice-grpc";
import { type EventsClient, EventsDefinition } from "../../src/gen/events_service.ts";
import type { TaskOptions } from "../../src/gen/objects.ts";
import type { UploadResultDataRequest } from "../../src/gen/results_common.ts";
import { type ResultsClient, ResultsDefinition } from "../../src/gen/results_service.ts";
import { type SessionsClient, SessionsDefinition } from "../../src/gen/sessions_service.ts";
import { type TasksClient, TasksDefinition } from "../../src/gen/tasks_service.ts";
import { waitForResults } from "./wait.ts";

/** The services of a grid that a client calls. */
export interface Grid extends Disposable {
  readonly sessions: SessionsClient;
  readonly tasks: TasksClient;
  readonly results: ResultsClient;
  readonly events: EventsClient;
}

/** Connects at the first call. */
export function connect(endpoint: string): Grid {
  const channel = createChannel(endpoint);
  return {
    sessions: createClient(SessionsDefinition, channel),
    tasks: createClient(TasksDefinition, channel),
    results: createClient(ResultsDefinition, channel),
    events: createClient(EventsDefinition, channel),
    [Symbol.dispose]: () => channel.close(),
  };
}

export interface TaskToSubmit {
  readonly payloadId: string;
  readonly dependencies?: readonly string[];
  readonly outputs: readonly string[];
}

/** A session, and what one does in it. Results are named by their ids. */
export interface Session {
  readonly id: string;
  /** Results that tasks will produce. */
  createResults(names: readonly string[]): Promise<string[]>;
  /** A result with its data: a payload, say. */
  upload(name: string, data: Uint8Array): Promise<string>;
  /** Answers the ids of the tasks. */
  submit(tasks: readonly TaskToSubmit[]): Promise<string[]>;
  /** Returns once all are there. @throws {Error} one of them will never be. */
  wait(resultIds: readonly string[], signal?: AbortSignal): Promise<void>;
  download(resultId: string): Promise<Buffer>;
  /** No more tasks; what was produced stays. */
  close(): Promise<void>;
}

const DEFAULT_OPTIONS: Partial<TaskOptions> = {
  maxDuration: { seconds: 300, nanos: 0 },
  maxRetries: 3,
  priority: 1,
};

/** Tasks run as the options say unless they are submitted with their own. */
export async function openSession(
  grid: Grid,
  options: Partial<TaskOptions> = {},
): Promise<Session> {
  const { sessionId } = await grid.sessions.createSession({
    defaultTaskOption: { ...DEFAULT_OPTIONS, ...options },
    partitionIds: options.partitionId ? [options.partitionId] : [],
  });

  const createResults = async (names: readonly string[]): Promise<string[]> => {
    const results = names.map((name) => ({ name }));
    const created = await grid.results.createResultsMetaData({ sessionId, results });
    return created.results.map(({ resultId }) => resultId);
  };

  return {
    id: sessionId,
    createResults,

    async upload(name, data) {
      const [resultId = ""] = await createResults([name]);
      const { dataChunkMaxSize } = await grid.results.getServiceConfiguration({});
      await grid.results.uploadResultData(
        inChunks({ sessionId, resultId }, data, dataChunkMaxSize),
      );
      return resultId;
    },

    async submit(tasks) {
      const { taskInfos } = await grid.tasks.submitTasks({
        sessionId,
        taskCreations: tasks.map(({ payloadId, dependencies = [], outputs }) => ({
          payloadId,
          dataDependencies: [...dependencies],
          expectedOutputKeys: [...outputs],
        })),
      });
      return taskInfos.map(({ taskId }) => taskId);
    },

    wait: (resultIds, signal) => waitForResults(grid, { sessionId, resultIds, signal }),

    async download(resultId) {
      const chunks: Uint8Array[] = [];
      for await (const { dataChunk } of grid.results.downloadResultData({ sessionId, resultId })) {
        chunks.push(dataChunk);
      }
      return Buffer.concat(chunks);
    },

    async close() {
      await grid.sessions.closeSession({ sessionId });
    },
  };
}

async function* inChunks(
  id: { sessionId: string; resultId: string },
  data: Uint8Array,
  chunkBytes: number,
): AsyncGenerator<UploadResultDataRequest> {
  yield { type: { $case: "id", value: id } };
  for (let from = 0; from < data.length; from += chunkBytes) {
    yield { type: { $case: "dataChunk", value: data.subarray(from, from + chunkBytes) } };
  }
}

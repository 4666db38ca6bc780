// One task, as the program of a worker sees it: files in a folder, and an agent to talk to.
import { copyFile, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AgentClient } from "../../src/gen/agent_service.ts";
import type { ProcessRequest } from "../../src/gen/worker_common.ts";

/** What one call to the agent carries at most. */
const CALL_SIZE = 1_000;

export interface Subtask {
  readonly payloadId: string;
  readonly dependencies?: readonly string[];
  readonly outputs: readonly string[];
}

export interface Task {
  readonly payloadId: string;
  readonly dependencies: readonly string[];
  readonly outputs: readonly string[];
  /** Aborted when the grid gave the task up: cancelled, or out of time. */
  readonly signal: AbortSignal;

  sizeOf(resultId: string): Promise<number>;
  /** The data of the payload or of a dependency. */
  read(resultId: string): Promise<Buffer>;
  write(resultId: string, data: Uint8Array | string): Promise<void>;
  /** Gives a result the data of the payload or of a dependency. */
  copy(fromResultId: string, toResultId: string): Promise<void>;

  /** Results for subtasks to fill; answers their ids. */
  createOutputs(names: readonly string[]): Promise<string[]>;
  /** Results that have their data; answers their ids. */
  createPayloads(payloads: readonly { name: string; data: string }[]): Promise<string[]>;
  /** A subtask may promise an output of this very task: then this task need not produce it. */
  submit(subtasks: readonly Subtask[]): Promise<void>;
}

/** Nothing a task does is seen outside before it has ended well: a failed attempt leaves no trace. */
export function toTask(request: ProcessRequest, agent: AgentClient, signal: AbortSignal): Task {
  const { communicationToken, sessionId } = request;
  // Inputs lie in the data folder, named by result id; outputs are expected there as well.
  const file = (resultId: string): string => join(request.dataFolder, resultId);
  const notify = async (resultId: string): Promise<void> => {
    await agent.notifyResultData({ communicationToken, ids: [{ sessionId, resultId }] });
  };
  return {
    payloadId: request.payloadId,
    dependencies: request.dataDependencies,
    outputs: request.expectedOutputKeys,
    signal,

    sizeOf: async (resultId) => (await stat(file(resultId))).size,
    read: (resultId) => readFile(file(resultId)),
    async write(resultId, data) {
      await writeFile(file(resultId), data);
      await notify(resultId);
    },
    async copy(fromResultId, toResultId) {
      await copyFile(file(fromResultId), file(toResultId));
      await notify(toResultId);
    },

    async createOutputs(names) {
      const ids: string[] = [];
      for (const some of inParts(names)) {
        const created = await agent.createResultsMetaData({
          communicationToken,
          sessionId,
          results: some.map((name) => ({ name })),
        });
        ids.push(...created.results.map(({ resultId }) => resultId));
      }
      return ids;
    },
    async createPayloads(payloads) {
      const ids: string[] = [];
      for (const some of inParts(payloads)) {
        const created = await agent.createResults({
          communicationToken,
          sessionId,
          results: some.map(({ name, data }) => ({ name, data: Buffer.from(data) })),
        });
        ids.push(...created.results.map(({ resultId }) => resultId));
      }
      return ids;
    },
    async submit(subtasks) {
      for (const some of inParts(subtasks)) {
        await agent.submitTasks({
          communicationToken,
          sessionId,
          taskCreations: some.map(({ payloadId, dependencies = [], outputs }) => ({
            payloadId,
            dataDependencies: [...dependencies],
            expectedOutputKeys: [...outputs],
          })),
        });
      }
    },
  };
}

function* inParts<T>(items: readonly T[]): Generator<T[]> {
  for (let from = 0; from < items.length; from += CALL_SIZE) {
    yield items.slice(from, from + CALL_SIZE);
  }
}

// What was seen while the actors were at it, and what of it must never be.

import type { Message } from "../../../src/adaptors/queue/port.ts";
import type { TableStorage } from "../../../src/adaptors/table-storage/index.ts";
import type { Decided, Decision } from "../../../src/adaptors/table-storage/port/tasks.ts";
import type { ResultId, TaskId } from "../../../src/domain/ids.ts";
import type { Result } from "../../../src/domain/result.ts";
import { isFinal, RESULT_MACHINE, ResultStatus } from "../../../src/domain/status.ts";
import type { CommitRecord } from "../../../src/domain/task.ts";

export interface Verdict {
  readonly attempt: number | undefined;
  readonly record: CommitRecord;
}

export interface Chronicle {
  /** Decisions that the store took, by task; a repetition by the same attempt is none. */
  readonly verdicts: ReadonlyMap<TaskId, readonly Verdict[]>;
  /** Everything that was ever put on the queue. */
  readonly published: readonly Message[];
  /** Worker calls, by task and attempt. */
  readonly calls: Map<string, number>;
  readonly complaints: string[];
  observe(verb: string, args: readonly unknown[], answer: unknown): Promise<void>;
  /** Looks whether a result that was final has changed. */
  look(): Promise<void>;
}

const CHANGING = new Set(["complete", "publish", "abortOwned", "abortUnowned", "dropStaged"]);

const same = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

export function createChronicle(tables: TableStorage): Chronicle {
  const verdicts = new Map<TaskId, Verdict[]>();
  const published: Message[] = [];
  const complaints: string[] = [];
  const results = new Map<ResultId, Pick<Result, "status" | "objectId"> | undefined>();

  const decided = (decisions: readonly Decision[], answers: readonly Decided[]): void => {
    for (const [i, { taskId, attempt, record }] of decisions.entries()) {
      if (!answers[i]?.ok) continue;
      const known = verdicts.get(taskId) ?? [];
      const verdict = { attempt, record };
      if (!known.some((one) => same(one, verdict))) verdicts.set(taskId, [...known, verdict]);
    }
  };

  const look = async (): Promise<void> => {
    for (const { resultId, status, objectId } of await tables.results.get([...results.keys()])) {
      const before = results.get(resultId);
      const was = before?.status ?? ResultStatus.STAGED;
      const final = was === ResultStatus.COMPLETED || isFinal(RESULT_MACHINE, was);
      const now = { status, objectId };
      if ((final || was === ResultStatus.ABORTED) && !same(before, now))
        complaints.push(
          `I5: result ${resultId} went from ${JSON.stringify(before)} to ${JSON.stringify(now)}`,
        );
      results.set(resultId, now);
    }
  };

  return {
    ...{ verdicts, published, complaints, calls: new Map(), look },
    async observe(verb, args, answer) {
      const [first] = args as [never];
      if (verb === "tables.tasks.decide") decided(first, answer as Decided[]);
      if (verb === "queue.publish") published.push(...(first as Message[]));
      if (verb === "tables.results.create")
        for (const { resultId } of first as Result[]) results.set(resultId, results.get(resultId));
      if (verb.startsWith("tables.results.") && CHANGING.has(verb.slice(15))) await look();
    },
  };
}

import type { TaskId } from "../../../../src/domain/ids.ts";
import { ResultStatus, SessionStatus, TaskStatus } from "../../../../src/domain/status.ts";
import { errorOf, STATUS_OF_OUTCOME, type Task } from "../../../../src/domain/task.ts";
import type { Verdict } from "../chronicle.ts";
import { type Complaints, cannotCome, inputsIn, isFinal, nameOf, type Scene } from "./scene.ts";

/** I1, AD4: what was answered is there; what was refused is not, or was cancelled. */
export function* judgeSubmissions({ world, tasks }: Scene): Complaints {
  for (const taskId of world.chronicle.accepted)
    if (!tasks.has(taskId)) yield `I1: ${taskId} was accepted and has vanished`;
  for (const taskId of world.chronicle.refused) {
    const task = tasks.get(taskId);
    if (task && !isFinal(task)) yield `AD4: ${taskId} was refused and is ${nameOf(task.status)}`;
  }
}

/** I4: once per attempt. */
export function* judgeCalls({ world }: Scene): Complaints {
  for (const [key, calls] of world.chronicle.calls)
    if (calls !== 1) yield `I4: ${key} ran ${calls} times`;
}

/** I2: one decision a task, and its status says which. */
export function* judgeDecisions({ world, tasks }: Scene): Complaints {
  for (const task of tasks.values()) {
    const verdicts = world.chronicle.verdicts.get(task.taskId) ?? [];
    if (verdicts.length !== (isFinal(task) ? 1 : 0))
      yield `I2: ${task.taskId} is ${nameOf(task.status)} after ${verdicts.length} decisions`;
    const [verdict] = verdicts;
    if (verdict && isFinal(task)) yield* judgeDecision(task, verdict);
  }
}

function* judgeDecision(task: Task, { attempt, record }: Verdict): Complaints {
  if (task.status !== STATUS_OF_OUTCOME[record.outcome])
    yield `I2: ${task.taskId} was decided ${record.outcome} and is ${nameOf(task.status)}`;
  if (attempt !== undefined && attempt !== task.attempt)
    yield `I2: ${task.taskId} was decided at ${attempt} and is at ${task.attempt}`;
}

/** I3: one end for each chain of retries, however many made the next one. */
export function* judgeChains({ tasks }: Scene): Complaints {
  for (const [initial, chain] of Map.groupBy(tasks.values(), (task) => task.initialTaskId)) {
    const ends = chain.filter(({ status }) => status !== TaskStatus.RETRIED);
    if (ends.length !== 1) yield `I3: the chain of ${initial} has ${ends.length} ends`;
    const depths = chain.map(({ retryOfIds }) => retryOfIds.length).sort((a, b) => a - b);
    if (depths.some((depth, i) => depth !== i)) yield `I3: the chain of ${initial} is ${depths}`;
  }
}

/** I6: what is not final waits for an input that may still come, in a session that still runs. */
export function* judgeOpenTasks(scene: Scene): Complaints {
  for (const task of scene.tasks.values()) {
    if (isFinal(task)) continue;
    const { taskId, status } = task;
    const inputs = inputsIn(scene, task);
    const waits = inputs.some((input) => input?.status === ResultStatus.CREATED);
    if (status !== TaskStatus.PENDING || !waits || inputs.some(cannotCome))
      yield `I6: ${taskId} is left ${nameOf(status)} with inputs ${inputs.map((one) => one?.status)}`;
    if (scene.status !== SessionStatus.RUNNING) yield `CA3: ${taskId} outlived its session`;
  }
}

/** F1: only what can never run fails for it, and nothing runs before it can. */
export function* judgeInputs(scene: Scene): Complaints {
  for (const task of scene.tasks.values()) {
    const { taskId, status } = task;
    const lost = inputsIn(scene, task).some(cannotCome);
    const error = errorOf(task);
    if (error.includes("input") && !lost)
      yield `F1: ${taskId} failed with all its inputs there: ${error}`;
    if (lost && status === TaskStatus.COMPLETED) yield `F1: ${taskId} completed without its inputs`;
    if (error.includes("Inputs could not be fetched"))
      yield `D1: ${taskId} was started before its inputs: ${error}`;
  }
}

/** I3: subtasks of attempts that did not count are never seen. */
export function* judgeSubtasks({ tasks }: Scene): Complaints {
  for (const { taskId, parentTaskIds } of tasks.values()) {
    if (parentTaskIds.length === 1) continue;
    const parent = tasks.get(parentTaskIds.at(-1) as TaskId);
    if (parent?.status !== TaskStatus.COMPLETED)
      yield `I3: ${taskId} came of a parent that is ${nameOf(parent?.status)}`;
  }
}

import { sessionId } from "../../domain/ids.ts";
import type { SubmitTasksRequest, SubmitTasksResponse } from "../../gen/tasks_common.ts";
import { FIELDS, toNewTasks, toSubmissionOptions, toTaskInfos } from "../../grpc/submission.ts";
import type { Grid } from "../grid.ts";
import type { Batching } from "../submission/batching.ts";
import { submit } from "../submission/submit.ts";

export async function submitTasks(
  grid: Grid,
  batching: Batching,
  { sessionId: id, taskOptions, taskCreations }: SubmitTasksRequest,
): Promise<SubmitTasksResponse> {
  const submission = {
    sessionId: sessionId(id),
    options: toSubmissionOptions(taskOptions),
    tasks: toNewTasks(taskCreations),
  };
  const taskIds = await submit({ grid, batching }, submission, FIELDS);
  return { taskInfos: toTaskInfos(taskCreations, taskIds) };
}

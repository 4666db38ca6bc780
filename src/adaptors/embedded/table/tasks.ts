import type { TaskTable } from "../../ports/table/tasks.ts";
import type { Store } from "./store.ts";
import { createOptionsText } from "./task-rows.ts";
import { taskApplications } from "./tasks/applications.ts";
import { taskCommit } from "./tasks/commit.ts";
import { taskCreation } from "./tasks/create.ts";
import { taskDispatch } from "./tasks/dispatch.ts";
import { taskLists } from "./tasks/list.ts";
import { taskReads } from "./tasks/read.ts";
import { waitingTasks } from "./tasks/waiting.ts";
import { taskWalk } from "./tasks/walk.ts";

export const taskTable = (store: Store): TaskTable => {
  const options = createOptionsText();
  return {
    ...taskCreation(store, options),
    ...taskDispatch(store, options),
    ...taskCommit(store),
    ...taskReads(store, options),
    ...waitingTasks(store),
    ...taskLists(store, options),
    ...taskWalk(store, options),
    ...taskApplications(store),
  };
};

import { type Case, drain, refuses, summary, taskFilter } from "./refuses.ts";

const EVENTS: Case[] = [
  [
    "a field that cannot be watched",
    (g) =>
      drain(
        g.events.getEvents({
          sessionId: "s",
          tasksFilters: taskFilter(summary(2), {
            $case: "filterStatus",
            value: { value: 4, operator: 0 },
          }),
        }),
      ),
    "INVALID_ARGUMENT",
    /tasks_filters.or\[0\].and\[0\].field: cannot be watched/,
  ],
  [
    "a kind that does not exist",
    (g) => drain(g.events.getEvents({ sessionId: "s", returnedEvents: [1, 9 as never] })),
    "INVALID_ARGUMENT",
    /returned_events\[1\]: is 9/,
  ],
  [
    "a filter without field",
    (g) => drain(g.events.getEvents({ sessionId: "s", resultsFilters: { or: [{ and: [{}] }] } })),
    "INVALID_ARGUMENT",
    /results_filters.or\[0\].and\[0\].field: is missing/,
  ],
];

refuses("bad subscriptions", EVENTS);

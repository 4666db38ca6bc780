import { type Case, drain, refuses, UNKNOWN } from "./refuses.ts";

const RESULTS: Case[] = [
  [
    "results in an unknown session",
    (g) => g.results.createResultsMetaData({ sessionId: UNKNOWN, results: [{ name: "x" }] }),
    "NOT_FOUND",
    /Session was not found/,
  ],
  [
    "data in an unknown session",
    (g) => g.results.createResults({ sessionId: UNKNOWN, results: [{ name: "x" }] }),
    "NOT_FOUND",
    /Session was not found/,
  ],
  [
    "unknown result",
    (g) => g.results.getResult({ resultId: UNKNOWN }),
    "NOT_FOUND",
    /Result was not found: 1111/,
  ],
  [
    "no result id",
    (g) => g.results.getResult({}),
    "NOT_FOUND",
    /Result was not found: result_id is empty/,
  ],
  [
    "download of an unknown result",
    (g) => drain(g.results.downloadResultData({ resultId: UNKNOWN })),
    "NOT_FOUND",
    /Result was not found/,
  ],
  [
    "download of a result without data",
    (g, { output }) => drain(g.results.downloadResultData({ resultId: output })),
    "NOT_FOUND",
    /Result data was not found.*has status 1/,
  ],
];

refuses("bad input about results", RESULTS);

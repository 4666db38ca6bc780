import { describe, onTestFinished } from "vitest";
import {
  openTableStorage,
  type TableStorage,
  type TableStorageOptions,
} from "../../src/adaptors/table-storage.ts";
import { acquisition } from "./table-storage/acquisition.ts";
import { agents } from "./table-storage/agents.ts";
import { applications } from "./table-storage/applications.ts";
import { batches } from "./table-storage/batches.ts";
import { counts } from "./table-storage/counts.ts";
import { crash } from "./table-storage/crash.ts";
import { creation } from "./table-storage/creation.ts";
import { decisions } from "./table-storage/decisions.ts";
import { dependencies } from "./table-storage/dependencies.ts";
import { feed } from "./table-storage/feed.ts";
import { operation } from "./table-storage/operation.ts";
import { ownership } from "./table-storage/ownership.ts";
import { parking } from "./table-storage/parking.ts";
import { partitions } from "./table-storage/partitions.ts";
import { queries } from "./table-storage/queries.ts";
import { resultLists } from "./table-storage/result-lists.ts";
import { resultOwnership } from "./table-storage/result-ownership.ts";
import { results } from "./table-storage/results.ts";
import { sessionLists } from "./table-storage/session-lists.ts";
import { sessions } from "./table-storage/sessions.ts";
import { settings } from "./table-storage/settings.ts";
import { submission } from "./table-storage/submission.ts";
import { taskLists } from "./table-storage/task-lists.ts";
import { users } from "./table-storage/users.ts";

interface TableStorageContract {
  /** How to open one more connection to the same data, from this process or another. */
  configure: () => TableStorageOptions;
}

export interface TableStoragePromises {
  configure: () => TableStorageOptions;
  /** One more connection to the same data, until the end of the test. */
  open: () => Promise<TableStorage>;
}

/** Every driver of TableStorage keeps these promises; each test has a session of its own. */
export function tableStorageContract({ configure }: TableStorageContract): void {
  const open = async (): Promise<TableStorage> => {
    const tables = await openTableStorage(configure());
    onTestFinished(() => tables[Symbol.asyncDispose]());
    return tables;
  };
  const given = { configure, open };
  describe("sessions", () => sessions(given));
  describe("sessions: lists", () => sessionLists(given));
  describe("partitions", () => partitions(given));
  describe("users", () => users(given));
  describe("agents", () => agents(given));
  describe("settings", () => settings(given));
  describe("tasks: creation", () => creation(given));
  describe("tasks: submission and pause", () => submission(given));
  describe("tasks: acquisition", () => acquisition(given));
  describe("tasks: ownership", () => ownership(given));
  describe("tasks: decisions", () => decisions(given));
  describe("tasks: queries", () => queries(given));
  describe("tasks: lists", () => taskLists(given));
  describe("tasks: applications", () => applications(given));
  describe("dependencies", () => dependencies(given));
  describe("results", () => results(given));
  describe("results: ownership", () => resultOwnership(given));
  describe("results: lists", () => resultLists(given));
  describe("batches", () => batches(given));
  describe("batches: parking", () => parking(given));
  describe("counts", () => counts(given));
  describe("change feed", () => feed(given));
  describe("operation", () => operation(given));
  describe("crash", () => crash(given));
}

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { agentId, partitionId } from "../../src/domain/ids.ts";
import { TaskStatus } from "../../src/domain/status.ts";
import { createLiveness } from "../../src/orchestrator/recovery/liveness.ts";
import {
  isGone,
  markOfProcess,
  placeOfProcess,
} from "../../src/orchestrator/recovery/process-mark.ts";
import { submit } from "../support/orchestration.ts";
import { openStores, type TestStores } from "../support/stores.ts";
import { log } from "./supervision.ts";

const LINUX = process.platform === "linux";
/** Not within any test. */
const NEVER_MS = 3_600_000;

let stores: TestStores;
beforeEach(async () => {
  stores = await openStores();
});
afterEach(() => stores[Symbol.asyncDispose]());

/** A process, and its mark as it would say it itself. */
const startProcess = () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore" });
  const exited = once(child, "exit");
  return {
    mark: `${placeOfProcess()}/${child.pid}`,
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
};

describe.runIf(LINUX)("the mark of a process", () => {
  it("tells on its own machine when it has died, and nothing anywhere else", async () => {
    const place = placeOfProcess();
    const { mark, kill } = startProcess();
    expect(isGone(mark, place)).toBe(false);
    expect(isGone(markOfProcess() ?? "", place)).toBe(false);
    await kill();
    expect(isGone(mark, place)).toBe(true);
    expect(isGone(mark, undefined)).toBe(false);
    expect(isGone(mark, "another machine")).toBe(false);
    for (const number of ["", "0", "-1", "x", "1.5"])
      expect(isGone(`${place}/${number}`, place)).toBe(false);
  });

  it("has a dead agent's tasks taken over without waiting for its lease, and a live one's not", async () => {
    const { tables } = stores;
    const session = await stores.newSession();
    const [dead, alive] = [startProcess(), startProcess()];
    const hold = async (process: string) => {
      const owner = { agentId: agentId(`agent-${randomUUID()}`), hostname: "here" };
      const partition = partitionId("default");
      await tables.agents.heartbeat({
        ...owner,
        process,
        partitionId: partition,
        held: 1,
        idleMs: 0,
        checksDone: 0,
      });
      const tasks = await submit(stores, session, [{}]);
      expect(await tables.tasks.acquire(tasks, owner, 1)).toHaveLength(1);
      return tasks;
    };
    const [lost, kept] = [await hold(dead.mark), await hold(alive.mark)];
    const statuses = async () =>
      (await tables.tasks.get([...lost, ...kept])).map(({ status }) => status);
    // Rounds of a test's length, leases of hours.
    await using _liveness = createLiveness({ stores, log }, { leaseMs: NEVER_MS, everyMs: 50 });
    const { DISPATCHED, SUBMITTED } = TaskStatus;
    expect(await statuses()).toEqual([DISPATCHED, DISPATCHED]);
    await dead.kill();
    await vi.waitFor(async () => expect(await statuses()).toEqual([SUBMITTED, DISPATCHED]), {
      ...{ timeout: 60_000, interval: 20 },
    });
    await alive.kill();
    await vi.waitFor(async () => expect(await statuses()).toEqual([SUBMITTED, SUBMITTED]), {
      ...{ timeout: 60_000, interval: 20 },
    });
  });
});

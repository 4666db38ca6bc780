// What an agent says about its need for work: the orchestrator tells lost messages by it.
import { expect, it, vi } from "vitest";
import { TaskStatus } from "../../src/domain/status.ts";
import { openPair } from "./pair.ts";
import { freshGrid, gate, reaches, submitOne } from "./scene.ts";
import { heldUntil, OK } from "./worker.ts";

const grid = freshGrid();

const heartbeat = async () => (await grid().stores.tables.agents.list())[0];
const idleMs = async () => (await heartbeat())?.idleMs;

/** The next heartbeats say so. */
const saysBusy = async (): Promise<void> => {
  const before = (await heartbeat())?.heartbeats ?? 0;
  await vi.waitFor(async () => {
    const row = await heartbeat();
    expect(row?.heartbeats).toBeGreaterThan(before + 1);
    expect(row?.idleMs).toBe(0);
  });
};

it("tells for how long it has been waiting for work, and nothing of the kind while a task runs", async () => {
  const started = gate();
  const release = gate();
  await using _pair = await openPair(grid(), { behaviour: heldUntil(release, started) });
  await vi.waitFor(async () => expect(await idleMs()).toBeGreaterThan(1_000));
  const { id } = await submitOne(grid());
  await started.promise;
  await saysBusy();
  const ended = performance.now();
  release.resolve();
  await reaches(grid(), id, TaskStatus.COMPLETED);
  const idle = await vi.waitFor(async () => {
    const said = await idleMs();
    expect(said).toBeGreaterThan(0);
    return said;
  });
  expect(idle).toBeLessThanOrEqual(performance.now() - ended);
});

it("does not wait for work while its worker is away", async () => {
  await using pair = await openPair(grid(), { behaviour: async () => OK });
  await vi.waitFor(async () => expect(await idleMs()).toBeGreaterThan(200));
  await pair.worker[Symbol.asyncDispose]();
  await vi.waitFor(async () => expect(await idleMs()).toBe(0));
  await saysBusy();
});

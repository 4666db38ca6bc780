import { globSync } from "node:fs";
import type { Reporter, SerializedError, TestModule, TestProject, Vitest } from "vitest/node";

/**
 * Ends the run with the one line our CI counts tests by, and fails a whole run in which a project
 * ran nothing: a gate that passes on nothing is worse than none.
 */
export default class ClosingLine implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  async onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly SerializedError[],
    reason: string,
  ): Promise<void> {
    if (this.#vitest && reason !== "interrupted" && (await isWhole(this.#vitest, modules))) {
      complainOfSilence(this.#vitest.projects, modules);
    }
    const states = modules.flatMap(statesOf);
    const count = (state: string) => states.filter((s) => s === state).length;
    const failed = count("failed") + modules.filter(failsOutsideTests).length;
    console.log(
      `${count("passed")} passed, ${failed + unhandledErrors.length} failed, ${count("skipped")} skipped`,
    );
  }
}

const statesOf = (module: TestModule) =>
  [...module.children.allTests()].map((test) => test.result().state);

/** A file that cannot be loaded, or whose hook throws, has no failed test, but it did fail. */
const failsOutsideTests = (module: TestModule) =>
  module.state() === "failed" && !statesOf(module).includes("failed");

/** Whether the projects ran whole, not just the tests of some file, name, tag or shard. */
async function isWhole(vitest: Vitest, modules: readonly TestModule[]): Promise<boolean> {
  const { watch, testNamePattern, tagsFilter } = vitest.config;
  if (watch || testNamePattern || tagsFilter?.length) return false;
  const ran = new Set(modules.map(({ moduleId, project }) => `${project.name} ${moduleId}`));
  const all = await vitest.globTestSpecifications();
  return all.every(({ moduleId, project }) => ran.has(`${project.name} ${moduleId}`));
}

function complainOfSilence(projects: readonly TestProject[], modules: readonly TestModule[]): void {
  const ran = (module: TestModule) =>
    statesOf(module).some((state) => state === "passed" || state === "failed");
  const heard = new Set(modules.filter(ran).map(({ project }) => project.name));
  const silent = projects.map(({ name }) => name).filter((name) => !heard.has(name));
  const broken = projects.filter(isPromised).filter(({ name }) => silent.includes(name));
  for (const { name } of broken) console.log(`Project "${name}" ran no test`);
  if (heard.size === 0) console.log("No test was run");
  if (broken.length > 0 || heard.size === 0) process.exitCode = 1;
}

/** A project is promised from the day that one of its folders exists. */
const isPromised = ({ config }: TestProject) =>
  config.include.some(
    (pattern) => globSync(pattern.replace(/\/\*\*.*$/, ""), { cwd: config.root }).length > 0,
  );

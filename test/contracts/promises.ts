import { expect, it } from "vitest";

/** What a driver cannot keep: the name of the test, and why. */
export type Skips = Readonly<Record<string, string>>;

export type Promised = (name: string, test: () => Promise<void>) => void;

/**
 * Declares the tests of a contract by `body`, but for those that the driver skips with a reason.
 * A skip that names no test fails: it would hide that the promise was renamed.
 */
export function promises(skips: Skips, body: (promised: Promised) => void): void {
  const unknown = new Set(Object.keys(skips));
  body((name, test) => {
    unknown.delete(name);
    const reason = skips[name];
    it(name, async (context) => {
      if (reason === undefined) return test();
      process.stderr.write(`skipped: "${name}": ${reason}\n`);
      context.skip(reason);
    });
  });
  it("skips only tests that there are", () => {
    expect([...unknown]).toEqual([]);
  });
}

import { expect, it } from "vitest";
import { someSession } from "../../support/rows.ts";
import type { TableStoragePromises } from "../table-storage.ts";

export function settings({ open }: TableStoragePromises): void {
  it("keeps the values that came first, whoever comes with others", async () => {
    const [one, other] = [await open(), await open()];
    const name = someSession();
    const [a, b] = await Promise.all([
      one.settings.keep(name, { window: 1 }),
      other.settings.keep(name, { window: 2 }),
    ]);
    expect(a).toEqual(b);
    expect([{ window: 1 }, { window: 2 }]).toContainEqual(a);
    expect(await one.settings.keep(name, { lease: 3 })).toEqual(a);
  });

  it("takes the place of values that are there, and of none", async () => {
    const { settings } = await open();
    const name = someSession();
    await settings.replace(name, { window: 1 });
    await settings.replace(name, { window: 2, lease: 5 });
    expect(await settings.keep(name, { window: 9 })).toEqual({ window: 2, lease: 5 });
  });
}

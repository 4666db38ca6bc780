import { readdir, readlink, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { type Clients, createClients } from "../../src/adaptors/clients.ts";
import { openObjectStorage } from "../../src/adaptors/object-storage.ts";
import { openAllStores } from "../../src/adaptors/stores.ts";
import { openTableStorage } from "../../src/adaptors/table-storage.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("clients of vendors", () => {
  const client = (closed: string[], name: string) => ({
    async [Symbol.asyncDispose]() {
      closed.push(name);
    },
  });

  it("are opened once a name, however many ask at the same time, and closed once", async () => {
    const closed: string[] = [];
    let opened = 0;
    const clients = createClients();
    const ask = (name: string) =>
      clients.share(name, async () => {
        opened += 1;
        return client(closed, name);
      });
    const [a, b, other] = await Promise.all([ask("one"), ask("one"), ask("other")]);
    expect(a).toBe(b);
    expect(other).not.toBe(a);
    expect(await ask("one")).toBe(a);
    expect(opened).toBe(2);
    expect(closed).toEqual([]);
    await clients[Symbol.asyncDispose]();
    await clients[Symbol.asyncDispose]();
    expect(closed.sort()).toEqual(["one", "other"]);
  });

  it("leave nobody open behind one that cannot be opened", async () => {
    const closed: string[] = [];
    const clients = createClients();
    await clients.share("one", () => client(closed, "one"));
    const failing = clients.share("two", () => {
      throw new Error("no such server");
    });
    await expect(failing).rejects.toThrow("no such server");
    await clients[Symbol.asyncDispose]();
    expect(closed).toEqual(["one"]);
  });
});

describe("the stores of a grid", () => {
  const path = temporaryFolder();
  const embedded = (folder: string) => ({ driver: "embedded", path: folder }) as const;

  /** Files of the folder that this process has open. */
  const openFiles = async (folder: string): Promise<string[]> => {
    const names = await readdir("/proc/self/fd");
    const targets = names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => ""));
    return (await Promise.all(targets)).filter((target) => target.startsWith(folder));
  };

  it("are closed together, down to the last file", async () => {
    const options = embedded(`${path()}/one`);
    const stores = await openAllStores({
      tableStorage: options,
      objectStorage: options,
      queue: options,
    });
    await stores.queue.publish([]);
    await Promise.all([stores.tables.ping(), stores.objects.ping(), stores.queue.ping()]);
    expect(await openFiles(options.path)).not.toEqual([]);
    await stores[Symbol.asyncDispose]();
    await stores[Symbol.asyncDispose]();
    expect(await openFiles(options.path)).toEqual([]);
    await expect(stores.tables.ping()).rejects.toMatchObject({ code: "ADAPTOR_CLOSED" });
  });

  it("may each be somewhere else", async () => {
    const [one, two, three] = ["a", "b", "c"].map((name) => embedded(`${path()}/${name}`));
    if (!one || !two || !three) throw new Error("three folders were named");
    const options = { tableStorage: one, objectStorage: two, queue: three };
    await using stores = await openAllStores(options);
    await Promise.all([stores.tables.ping(), stores.objects.ping(), stores.queue.ping()]);
    expect(await readdir(one.path)).toContain("table.db");
    expect(await readdir(two.path)).toContain("objects.db");
    expect(await readdir(three.path)).toContain("queue.db");
  });

  it("close what they opened when one of them cannot be opened", async () => {
    const good = embedded(`${path()}/good`);
    const file = `${path()}/file`;
    await writeFile(file, "");
    const bad = embedded(`${file}/folder`);
    const opening = openAllStores({ tableStorage: good, objectStorage: good, queue: bad });
    await expect(opening).rejects.toThrow();
    expect(await openFiles(good.path)).toEqual([]);
  });

  it("ask for one client where two have the same vendor and place", async () => {
    const asked: string[] = [];
    const whole = createClients();
    const clients: Clients = {
      share(name, open) {
        return whole.share(name, () => {
          asked.push(name);
          return open();
        });
      },
      [Symbol.asyncDispose]: () => whole[Symbol.asyncDispose](),
    };
    const options = embedded(`${path()}/shared`);
    await using _ = clients;
    await using tables = await openTableStorage(options, clients);
    await using objects = await openObjectStorage(options, clients);
    await Promise.all([tables.ping(), objects.ping()]);
    expect(asked).toHaveLength(1);
  });
});

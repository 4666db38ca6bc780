import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import type { Role, User, UserCertificate } from "../../../src/domain/user.ts";
import type { TableStoragePromises } from "../table-storage.ts";

const named = (what: string): string => `${what} ${randomUUID()}`;
const userRow = (roles: string[] = []): User => ({ name: named("usér"), roles });
const roleRow = (permissions: string[] = []): Role => ({ name: named("role"), permissions });
const namesOf = (rows: readonly { name: string }[]) => rows.map(({ name }) => name);

/** Those of `all` that are among `some`; other tests have theirs in the same table. */
const among = <Row extends { name: string }>(all: readonly Row[], some: readonly Row[]): Row[] =>
  all.filter(({ name }) => namesOf(some).includes(name));

export function users({ open }: TableStoragePromises): void {
  it("keeps users by their name, each with its roles", async () => {
    const [one, other] = [await open(), await open()];
    const [a, b] = [userRow(["admin", "nobody's"]), userRow()];
    await one.users.upsert([a, b]);
    const changed = { ...b, roles: ["reader"] };
    await other.users.upsert([changed]);
    expect(await one.users.get([b.name, named("unknown"), a.name])).toEqual([changed, a]);
    const sorted = [a, changed].sort((x, y) => (x.name < y.name ? -1 : 1));
    expect(among(await one.users.list(), [a, b])).toEqual(sorted);
    await one.users.remove([a.name, named("unknown")]);
    await other.users.remove([a.name]);
    expect(await one.users.get([a.name, b.name])).toEqual([changed]);
  });

  it("keeps roles by their name, each with its permissions", async () => {
    const { users } = await open();
    const [a, b] = [roleRow(["Sessions:ListSessions", "General:Impersonate:x"]), roleRow()];
    await users.upsertRoles([a, b]);
    const changed = { ...b, permissions: ["Tasks:GetTask"] };
    await users.upsertRoles([changed]);
    expect(await users.roles([b.name, named("unknown"), a.name])).toEqual([changed, a]);
    const sorted = [a, changed].sort((x, y) => (x.name < y.name ? -1 : 1));
    expect(among(await users.listRoles(), [a, b])).toEqual(sorted);
    await users.removeRoles([a.name]);
    await users.removeRoles([a.name]);
    expect(await users.roles([a.name, b.name])).toEqual([changed]);
    expect(await users.get([b.name])).toEqual([]);
  });

  it("knows a user by a certificate, and before all by its fingerprint", async () => {
    const { users } = await open();
    const [exact, any, fallen] = [userRow(), userRow(), userRow()];
    await users.upsert([exact, any, fallen]);
    const commonName = named("cn");
    const own = { commonName, fingerprint: "ab:cd" };
    const every = { commonName, fingerprint: "" };
    const whose = async (key: typeof own) => (await users.ofCertificate(key))?.name;

    await users.upsertCertificates([{ ...own, user: fallen.name }]);
    await users.upsertCertificates([{ ...own, user: exact.name }]);
    expect(await whose(own)).toBe(exact.name);
    expect(await whose({ ...own, fingerprint: "other" })).toBeUndefined();
    expect(await whose(every)).toBeUndefined();
    expect(await whose({ ...own, commonName: named("cn") })).toBeUndefined();

    await users.upsertCertificates([{ ...every, user: any.name }]);
    expect(await whose(own)).toBe(exact.name);
    expect(await whose({ ...own, fingerprint: "other" })).toBe(any.name);
    expect(await whose(every)).toBe(any.name);

    const stored: UserCertificate[] = [
      { ...every, user: any.name },
      { ...own, user: exact.name },
    ];
    const all = await users.listCertificates();
    expect(all.filter((one) => one.commonName === commonName)).toEqual(stored);

    // What was this user's is not somebody else's, now that the user is gone.
    await users.remove([exact.name]);
    expect(await whose(own)).toBeUndefined();
    await users.removeCertificates([own, { ...own, fingerprint: "unknown" }]);
    expect(await whose(own)).toBe(any.name);
    await users.removeCertificates([own, every]);
    expect(await whose(own)).toBeUndefined();
  });
}

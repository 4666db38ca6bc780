import type { Cast } from "./cast.ts";
import { type CutVerb, verb } from "./cut-verb.ts";

const NUMBERS = [1, 2, 3, 4];
const named = (what: string, { session }: Cast) => NUMBERS.map((n) => `${what} ${n} of ${session}`);
const usersOf = (cast: Cast) => named("user", cast).map((name) => ({ name, roles: ["role"] }));
const rolesOf = (cast: Cast) => named("role", cast).map((name) => ({ name, permissions: ["a:b"] }));
const certificatesOf = (cast: Cast) =>
  named("print", cast).map((fingerprint) => ({ commonName: cast.session, fingerprint, user: "u" }));

const users: Pick<CutVerb, "reveal"> = {
  reveal: (tables, cast) => tables.users.get(named("user", cast)),
};
const roles: Pick<CutVerb, "reveal"> = {
  reveal: (tables, cast) => tables.users.roles(named("role", cast)),
};
const certificates: Pick<CutVerb, "reveal"> = {
  reveal: async (tables, { session }) =>
    (await tables.users.listCertificates()).filter(({ commonName }) => commonName === session),
};

export const USERS: Readonly<Record<string, CutVerb>> = {
  "users.upsert": verb({
    ...users,
    run: (tables, cast) => tables.users.upsert(usersOf(cast)),
  }),
  "users.remove": verb({
    ...users,
    prepare: (tables, cast) => tables.users.upsert(usersOf(cast)),
    run: (tables, cast) => tables.users.remove(named("user", cast)),
  }),
  "users.upsertRoles": verb({
    ...roles,
    run: (tables, cast) => tables.users.upsertRoles(rolesOf(cast)),
  }),
  "users.removeRoles": verb({
    ...roles,
    prepare: (tables, cast) => tables.users.upsertRoles(rolesOf(cast)),
    run: (tables, cast) => tables.users.removeRoles(named("role", cast)),
  }),
  "users.upsertCertificates": verb({
    ...certificates,
    run: (tables, cast) => tables.users.upsertCertificates(certificatesOf(cast)),
  }),
  "users.removeCertificates": verb({
    ...certificates,
    prepare: (tables, cast) => tables.users.upsertCertificates(certificatesOf(cast)),
    run: (tables, cast) => tables.users.removeCertificates(certificatesOf(cast)),
  }),
};

import type { Role, User, UserCertificate } from "../../../domain/user.ts";
import type { UserTable } from "../../ports/table/users.ts";
import type { Store } from "./store.ts";

const CERTIFICATES = "SELECT common_name, fingerprint, user_name FROM user_certificates";
const LIST_CERTIFICATES = `${CERTIFICATES} ORDER BY common_name, fingerprint`;
const UPSERT_CERTIFICATE = `INSERT INTO user_certificates (common_name, fingerprint, user_name)
  VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET user_name = excluded.user_name`;
const REMOVE_CERTIFICATE =
  "DELETE FROM user_certificates WHERE common_name = ? AND fingerprint = ?";
/** The empty fingerprint comes before any other, so last here. */
const FIND = `${CERTIFICATES} WHERE common_name = ? AND fingerprint IN (?, '')
  ORDER BY fingerprint DESC LIMIT 1`;

type CertificateRow = [commonName: string, fingerprint: string, user: string];

/** A table of documents that are known by their names. */
function namedDocuments<Document extends { readonly name: string }>(
  store: Store,
  table: "users" | "roles",
) {
  const get = `SELECT body FROM ${table} WHERE name = ?`;
  const list = `SELECT body FROM ${table} ORDER BY name`;
  const upsert = `INSERT INTO ${table} (name, body) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET body = excluded.body`;
  const remove = `DELETE FROM ${table} WHERE name = ?`;
  const toDocument = (row: unknown): Document => JSON.parse((row as [string])[0]) as Document;
  const find = (name: string): Document[] => {
    const row = store.tuples(get).get(name);
    return row ? [toDocument(row)] : [];
  };
  return {
    find,
    async upsert(documents: readonly Document[]): Promise<void> {
      if (documents.length === 0) return;
      await store.write(() => {
        for (const one of documents) store.sql(upsert).run(one.name, JSON.stringify(one));
      });
    },
    async get(names: readonly string[]): Promise<Document[]> {
      return names.length === 0 ? [] : store.read(() => names.flatMap(find));
    },
    list: (): Promise<Document[]> => store.read(() => store.tuples(list).all().map(toDocument)),
    async remove(names: readonly string[]): Promise<void> {
      if (names.length === 0) return;
      await store.write(() => {
        for (const name of names) store.sql(remove).run(name);
      });
    },
  };
}

export const userTable = (store: Store): UserTable => {
  const users = namedDocuments<User>(store, "users");
  const roles = namedDocuments<Role>(store, "roles");
  return {
    upsert: users.upsert,
    get: users.get,
    list: users.list,
    remove: users.remove,

    upsertRoles: roles.upsert,
    roles: roles.get,
    listRoles: roles.list,
    removeRoles: roles.remove,

    async upsertCertificates(certificates) {
      if (certificates.length === 0) return;
      await store.write(() => {
        for (const { commonName, fingerprint, user } of certificates)
          store.sql(UPSERT_CERTIFICATE).run(commonName, fingerprint, user);
      });
    },

    listCertificates: () =>
      store.read(() => {
        const rows = store.tuples(LIST_CERTIFICATES).all() as unknown as CertificateRow[];
        return rows.map(
          ([commonName, fingerprint, user]): UserCertificate => ({ commonName, fingerprint, user }),
        );
      }),

    async removeCertificates(keys) {
      if (keys.length === 0) return;
      await store.write(() => {
        for (const { commonName, fingerprint } of keys)
          store.sql(REMOVE_CERTIFICATE).run(commonName, fingerprint);
      });
    },

    ofCertificate: ({ commonName, fingerprint }) =>
      store.read(() => {
        const row = store.tuples(FIND).get(commonName, fingerprint) as CertificateRow | undefined;
        return row && users.find(row[2])[0];
      }),
  };
};

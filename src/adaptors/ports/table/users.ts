import type { CertificateKey, Role, User, UserCertificate } from "../../../domain/user.ts";

/**
 * Who may do what: users, the roles that they have, the certificates by which they are known.
 *
 *   US1. Each is a document of its own; what one names may not be there, or not any more. A user has
 *       the roles that exist, and the certificate of a user who is gone is nobody's.
 */
export interface UserTable {
  /** Adds users; one that exists takes the new roles. */
  upsert(users: readonly User[]): Promise<void>;
  /** Unknown names are left out; the order is that of the names. */
  get(names: readonly string[]): Promise<User[]>;
  /** All of them, by name. */
  list(): Promise<User[]>;
  remove(names: readonly string[]): Promise<void>;

  /** Adds roles; one that exists takes the new permissions. */
  upsertRoles(roles: readonly Role[]): Promise<void>;
  /** Unknown names are left out; the order is that of the names. */
  roles(names: readonly string[]): Promise<Role[]>;
  /** All of them, by name. */
  listRoles(): Promise<Role[]>;
  removeRoles(names: readonly string[]): Promise<void>;

  /** Adds certificates; one that exists is the new user's. */
  upsertCertificates(certificates: readonly UserCertificate[]): Promise<void>;
  /** All of them, by common name and fingerprint. */
  listCertificates(): Promise<UserCertificate[]>;
  removeCertificates(keys: readonly CertificateKey[]): Promise<void>;
  /**
   * Whose certificate this is. One that is stored with its fingerprint counts before one that
   * stands for every certificate of the common name.
   */
  ofCertificate(key: CertificateKey): Promise<User | undefined>;
}

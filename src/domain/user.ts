/** What a user may do. */
export interface Role {
  readonly name: string;
  /** `Service:Method`, and for some `Service:Method:Target`. */
  readonly permissions: readonly string[];
}

export interface User {
  readonly name: string;
  /** Names of roles. */
  readonly roles: readonly string[];
}

export interface CertificateKey {
  readonly commonName: string;
  /** As whoever checked the certificate writes it; "" stands for every certificate of that name. */
  readonly fingerprint: string;
}

/** Who shows a certificate is this user. */
export interface UserCertificate extends CertificateKey {
  readonly user: User["name"];
}

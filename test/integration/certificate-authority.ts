import { generateKeyPairSync, randomBytes } from 'node:crypto';
import forge from 'node-forge';

const DAY_MS = 86_400_000;
const { pki } = forge;

/** Signs client certificates that an API server with `--client-ca-file` accepts, and those of servers. */
export class CertificateAuthority {
  /** PEM. */
  readonly certificate: string;
  readonly #authority: forge.pki.Certificate;
  readonly #key: forge.pki.rsa.PrivateKey;

  constructor() {
    const { certificate, key } = unsigned([{ name: 'commonName', value: 'test-clients' }]);
    certificate.setIssuer(certificate.subject.attributes);
    certificate.setExtensions([{ name: 'basicConstraints', cA: true, critical: true }]);
    certificate.sign(key, forge.md.sha256.create());
    this.#authority = certificate;
    this.#key = key;
    this.certificate = pki.certificateToPem(certificate);
  }

  /** Certificate and key, both PEM, of a user in groups, as the API server reads them from the subject. */
  sign(user: string, groups: string[] = []): { cert: string; key: string } {
    const { certificate, key } = unsigned([
      ...groups.map((value) => ({ name: 'organizationName', value })),
      { name: 'commonName', value: user },
    ]);
    certificate.setIssuer(this.#authority.subject.attributes);
    certificate.setExtensions([{ name: 'extKeyUsage', clientAuth: true }]);
    certificate.sign(this.#key, forge.md.sha256.create());
    return { cert: pki.certificateToPem(certificate), key: pki.privateKeyToPem(key) };
  }

  /** Certificate and key, both PEM, of a server with these names. */
  signServer(hosts: readonly string[]): { cert: string; key: string } {
    const { certificate, key } = unsigned([{ name: 'commonName', value: hosts[0] ?? 'localhost' }]);
    certificate.setIssuer(this.#authority.subject.attributes);
    certificate.setExtensions([
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: hosts.map((value) => ({ type: 2, value })) },
    ]);
    certificate.sign(this.#key, forge.md.sha256.create());
    return { cert: pki.certificateToPem(certificate), key: pki.privateKeyToPem(key) };
  }
}

/** A certificate with a key of its own, valid from yesterday on, since clocks differ. */
function unsigned(subject: { name: string; value: string }[]) {
  // Node makes keys a hundred times faster than forge does.
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const key = pki.privateKeyFromPem(privateKey.export({ type: 'pkcs1', format: 'pem' }) as string);
  const certificate = pki.createCertificate();
  certificate.publicKey = pki.setRsaPublicKey(key.n, key.e);
  certificate.serialNumber = `00${randomBytes(8).toString('hex')}`;
  certificate.validity.notBefore = new Date(Date.now() - DAY_MS);
  certificate.validity.notAfter = new Date(Date.now() + DAY_MS);
  certificate.setSubject(subject);
  return { certificate, key };
}

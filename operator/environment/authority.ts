import { createHash, generateKeyPairSync, randomBytes, sign, type webcrypto } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  Extension,
  Extensions,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_subjectKeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { type Environment, labels, type Manifest, names } from '../api/resolved.ts';

/** It is never written again, so it lasts as long as an environment may. */
const YEARS = 10;
const DAY_MS = 86_400_000;

const COMMON_NAME = '2.5.4.3';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

/**
 * The Secret with the authority that signs the certificates of this environment's database, and of nothing else: `ca.crt` and
 * `ca.key`, PEM. Like the credentials it is only ever created, and has no owner: docs/adr/0007. `now`: milliseconds since 1970.
 */
export function authorityFor({ metadata }: Pick<Environment, 'metadata'>, now: number): Manifest {
  const { name, namespace } = metadata;
  const { certificate, key } = newAuthority(now);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: names(name).authority, namespace, labels: labels(name, 'database') },
    type: 'Opaque',
    stringData: { 'ca.crt': certificate, 'ca.key': key },
  };
}

/** A certificate that signs itself, for an elliptic curve (P-256): such a key is made in a thousandth of the time of RSA's. */
function newAuthority(now: number): { certificate: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = new AlgorithmIdentifier({ algorithm: ECDSA_WITH_SHA256 });
  const serial = randomBytes(16);
  const subject = commonName(`CryptoSense database ${serial.toString('hex', 0, 4)}`);
  const signed = new TBSCertificate({
    version: Version.v3,
    // A positive number: the first bit is its sign.
    serialNumber: bytes(Buffer.concat([Buffer.from([0x01]), serial])),
    signature: algorithm,
    issuer: subject,
    subject,
    // From yesterday on: clocks differ.
    validity: new Validity({
      notBefore: new Date(now - DAY_MS),
      notAfter: new Date(now + YEARS * 365 * DAY_MS),
    }),
    subjectPublicKeyInfo: AsnConvert.parse(
      bytes(publicKey.export({ type: 'spki', format: 'der' })),
      SubjectPublicKeyInfo,
    ),
    extensions: new Extensions([
      extension(id_ce_basicConstraints, new BasicConstraints({ cA: true, pathLenConstraint: 0 }), true),
      extension(id_ce_keyUsage, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign), true),
      extension(
        id_ce_subjectKeyIdentifier,
        new SubjectKeyIdentifier(bytes(idOf(publicKey.export({ format: 'jwk' })))),
      ),
    ]),
  });
  const text = Buffer.from(AsnConvert.serialize(signed));
  const whole = new Certificate({
    tbsCertificate: signed,
    signatureAlgorithm: algorithm,
    signatureValue: bytes(sign('sha256', text, privateKey)),
  });
  return {
    certificate: pem('CERTIFICATE', Buffer.from(AsnConvert.serialize(whole))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

function commonName(value: string): Name {
  const text = new AttributeValue({ utf8String: value });
  return new Name([
    new RelativeDistinguishedName([new AttributeTypeAndValue({ type: COMMON_NAME, value: text })]),
  ]);
}

function extension(extnID: string, value: object, critical = false): Extension {
  return new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });
}

/** What certificates that it has signed name it by (RFC 7093): the beginning of a hash of its key. */
function idOf(key: webcrypto.JsonWebKey): Buffer {
  return createHash('sha256').update(`${key.x}${key.y}`).digest().subarray(0, 20);
}

function bytes(buffer: Buffer): ArrayBuffer {
  return new Uint8Array(buffer).buffer;
}

function pem(what: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${what}-----\n${lines.join('\n')}\n-----END ${what}-----\n`;
}

import { createPrivateKey, X509Certificate } from 'node:crypto';
import * as assert from 'uvu/assert';
import { authorityFor } from '../../../operator/environment/authority.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('authority');
const NOW = Date.parse('2026-03-01T12:00:00Z');
const metadata = { name: 'shop', namespace: 'market', uid: 'u', resourceVersion: '1', generation: 1 };

function made() {
  const manifest = authorityFor({ metadata }, NOW);
  const files = manifest.stringData as Record<string, string>;
  return { manifest, files, certificate: new X509Certificate(files['ca.crt'] ?? '') };
}

test('the authority signs itself with the key that lies beside it', () => {
  const { certificate, files } = made();
  assert.ok(certificate.ca);
  assert.ok(certificate.checkIssued(certificate));
  assert.ok(certificate.verify(certificate.publicKey));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(files['ca.key'] ?? '')));
});

test('it is valid from the day before on, since clocks differ, for ten years', () => {
  const { certificate } = made();
  assert.is(new Date(certificate.validFrom).toISOString(), '2026-02-28T12:00:00.000Z');
  assert.is(new Date(certificate.validTo).toISOString(), '2036-02-27T12:00:00.000Z');
});

test('no two authorities have the same key, name or number', () => {
  const [one, other] = [made().certificate, made().certificate];
  assert.is.not(one.serialNumber, other.serialNumber);
  assert.is.not(one.subject, other.subject);
  assert.not.ok(other.checkIssued(one));
});

test('the Secret has no owner: it is there until somebody deletes it, like the credentials', () => {
  const { manifest } = made();
  assert.is(manifest.metadata.name, 'shop-authority');
  assert.is(manifest.metadata.ownerReferences, undefined);
});

test.run();

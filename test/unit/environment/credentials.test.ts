import { randomBytes } from 'node:crypto';
import * as assert from 'uvu/assert';
import type { Environment } from '../../../operator/api/resolved.ts';
import { credentialsFor } from '../../../operator/environment/credentials.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('credentials');
const metadata = { name: 'shop', namespace: 'market', uid: 'u', resourceVersion: '1', generation: 1 };
const environment: Environment = {
  apiVersion: 'cryptosense.io/v1alpha1',
  kind: 'CryptoSenseEnvironment',
  metadata,
  spec: { tier: 'local', release: { image: 'api:1' } },
};

/** The Secret with passwords as the operator makes them. */
function secret() {
  const manifest = credentialsFor(environment, () => randomBytes(24).toString('base64url'));
  return { ...manifest, stringData: manifest.stringData as Record<string, string> };
}

test('PgBouncer knows the login that both URLs carry', () => {
  const { stringData } = secret();
  const [, user, password] = /^"(.+)" "(.+)"\n$/.exec(stringData['userlist.txt'] ?? '') ?? [];
  for (const key of ['DATABASE_URL', 'MIGRATION_DATABASE_URL']) {
    const url = new URL(stringData[key] ?? '');
    assert.equal([url.username, url.password], [user, password], key);
  }
  assert.is(stringData.APP_PASSWORD, password);
});

test('the API goes through PgBouncer and the migration does not', () => {
  const { stringData } = secret();
  assert.is(new URL(stringData.DATABASE_URL ?? '').host, 'shop-pooler:6432');
  assert.is(new URL(stringData.MIGRATION_DATABASE_URL ?? '').host, 'shop-database:5432');
});

test('Redis asks for the password that its URL carries', () => {
  const { stringData } = secret();
  assert.is(stringData['redis-auth.conf'], `requirepass ${new URL(stringData.REDIS_URL ?? '').password}\n`);
});

test('no password needs escaping in a URL, and no two are the same', () => {
  const { stringData } = secret();
  const passwords = ['POSTGRES_PASSWORD', 'APP_PASSWORD', 'REDIS_PASSWORD'].map(
    (key) => stringData[key] ?? '',
  );
  for (const password of passwords) {
    assert.ok(password.length >= 32);
    assert.is(encodeURIComponent(password), password);
  }
  assert.is(new Set(passwords).size, 3);
});

test('the Secret has no owner, because the volume that it opens outlives the environment', () => {
  assert.is(secret().metadata.ownerReferences, undefined);
});

test.run();

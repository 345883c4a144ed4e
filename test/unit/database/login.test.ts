import { equal, is, throws } from 'uvu/assert';
import { hasReached, isWord, LoginSecretError, PHASES, rotated } from '../../../operator/database/login.ts';
import { credentialsFor } from '../../../operator/environment/credentials.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('rotation of the login in its Secret');

const made = credentialsFor(
  {
    apiVersion: 'cryptosense.io/v1alpha1',
    kind: 'CryptoSenseEnvironment',
    metadata: { name: 'shop', namespace: 'market', uid: 'u', resourceVersion: '1', generation: 1 },
    spec: { tier: 'local', release: { image: 'api:1' } },
  },
  () => 'born',
).stringData as Record<string, string>;

type Secret = Record<string, string>;
const to = (secret: Secret, asked: string, phase: (typeof PHASES)[number], password: string): Secret => ({
  ...secret,
  ...rotated(secret, asked, phase, () => password),
});
const through = (secret: Secret, asked: string, password: string): Secret =>
  PHASES.reduce((before, phase) => to(before, asked, phase, password), secret);
const loginsIn = (secret: Secret) =>
  (JSON.parse(secret.LOGINS ?? '') as { logins: { name: string; password: string }[] }).logins;
const userOf = (secret: Secret, key: string) => {
  const { username, password, host, pathname } = new URL(secret[key] ?? '');
  return [username, password, host, pathname];
};

test('in every phase the login of the URLs is known to PgBouncer and to the database', () => {
  let secret: Secret = made;
  for (const asked of ['one', 'two', 'three'])
    for (const phase of PHASES) {
      secret = to(secret, asked, phase, `${asked}-password`);
      for (const key of ['DATABASE_URL', 'MIGRATION_DATABASE_URL']) {
        const [name, password] = userOf(secret, key);
        is(secret['userlist.txt']?.includes(`"${name}" "${password}"\n`), true, `${asked} ${phase} ${key}`);
        is(
          loginsIn(secret).some((login) => login.name === name && login.password === password),
          true,
        );
      }
    }
});

test('the new login is added first, used next, and alone at last', () => {
  const prepared = to(made, 'one', 'prepared', 'first');
  equal(loginsIn(prepared), [
    { name: 'cryptosense', password: 'born' },
    { name: 'cryptosense_a', password: 'first' },
  ]);
  is(prepared.DATABASE_URL, made.DATABASE_URL);
  const switched = to(prepared, 'one', 'switched', 'unused');
  equal(userOf(switched, 'DATABASE_URL'), ['cryptosense_a', 'first', 'shop-pooler:6432', '/cryptosense_dev']);
  equal(userOf(switched, 'MIGRATION_DATABASE_URL').slice(0, 3), [
    'cryptosense_a',
    'first',
    'shop-database:5432',
  ]);
  equal(loginsIn(switched), loginsIn(prepared));
  const retired = to(switched, 'one', 'retired', 'unused');
  equal(loginsIn(retired), [{ name: 'cryptosense_a', password: 'first' }]);
  is(retired['userlist.txt'], '"cryptosense_a" "first"\n');
  is(retired.REDIS_URL, made.REDIS_URL);
});

test('two logins alternate, each time with another password', () => {
  const twice = through(through(made, 'one', 'first'), 'two', 'second');
  equal(loginsIn(twice), [{ name: 'cryptosense_b', password: 'second' }]);
  equal(loginsIn(through(twice, 'three', 'third')), [{ name: 'cryptosense_a', password: 'third' }]);
});

test('what was done is not done again, whoever forgot it', () => {
  const switched = to(to(made, 'one', 'prepared', 'first'), 'one', 'switched', 'unused');
  is(
    rotated(switched, 'one', 'prepared', () => 'other'),
    undefined,
  );
  is(
    rotated(switched, 'one', 'switched', () => 'other'),
    undefined,
  );
  is(hasReached('one.switched', 'one', 'prepared'), true);
  is(hasReached('one.prepared', 'one', 'switched'), false);
  is(hasReached('two.retired', 'one', 'prepared'), false);
  is(hasReached('birth', 'one', 'prepared'), false);
});

test('a Secret that the operator did not write is refused without a word of what it holds', () => {
  const broken = [
    { ...made, APP_PASSWORD: '' },
    { ...made, LOGINS: 'hunter2' },
    { ...made, LOGINS: '{"state":"x.retired","logins":[]}' },
    { ...made, LOGINS: '{"state":"x.retired","logins":[{"name":"postgres","password":"hunter2"}]}' },
    { ...made, DATABASE_URL: 'hunter2' },
  ];
  for (const secret of broken)
    throws(
      () => rotated(secret, 'one', 'switched', () => 'first'),
      (error: Error) => error instanceof LoginSecretError && !error.message.includes('hunter2'),
    );
});

test('a word is short and has no blank', () => {
  equal(['2026-11', 'x', 'a'.repeat(40)].map(isWord), [true, true, true]);
  equal(['', 'two words', 'a.b', '-x', 'a'.repeat(41)].map(isWord), [false, false, false, false, false]);
});

test.run();

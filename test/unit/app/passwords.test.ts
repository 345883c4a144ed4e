import fc from 'fast-check';
import * as assert from 'uvu/assert';
import {
  hashPassword,
  NOBODYS_HASH,
  passwordSchema,
  verifyPassword,
} from '../../../app/accounts/password-hash.ts';
import { mayUseCookie } from '../../../app/accounts/same-origin.ts';
import { sessionCookie, tokenInCookies } from '../../../app/accounts/session-cookie.ts';
import { digestOf, kindOf, newToken } from '../../../app/accounts/token.ts';
import { Crowded, createTurnstile } from '../../../app/accounts/turnstile.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('passwords and tokens');

test('a hash is an argon2id string of its own salt, and only its password fits', async () => {
  const [first, second] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')]);
  assert.match(first, /^\$argon2id\$v=19\$m=12288,t=3,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.is.not(first, second);
  assert.equal(await verifyPassword('correct horse', first), { matches: true, outdated: false });
  assert.equal(await verifyPassword('correct horsf', first), { matches: false, outdated: false });
});

test('a hash that the reference implementation made is verified, and asks to be made anew', async () => {
  // argon2 0~20171227: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 4
  const known = '$argon2id$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$GpZ3sK/oH9p7VIiV56G/64Zo/8GaUw434IimaPqxwCo';
  assert.equal(await verifyPassword('password', known), { matches: true, outdated: true });
});

test('nobody has the hash of an unknown address, and a text that is no hash is an error', async () => {
  for (const password of ['', 'password', '\0'.repeat(32)])
    assert.is((await verifyPassword(password, NOBODYS_HASH)).matches, false);
  await verifyPassword('x', 'plain').then(
    () => assert.unreachable('it was taken'),
    (error: unknown) => assert.match(String(error), 'no argon2id string'),
  );
});

test('the same password typed in two encodings is the same password', () => {
  const composed = passwordSchema.parse('caf\u00e9-caf\u00e9-12');
  assert.is(passwordSchema.parse('cafe\u0301-cafe\u0301-12'), composed);
  assert.is(passwordSchema.safeParse('short').success, false);
  assert.is(passwordSchema.safeParse('x'.repeat(257)).success, false);
});

test('tokens are told apart by kind, are never the same, and are kept as digests alone', () => {
  assert.is(kindOf(newToken('session')), 'session');
  assert.is(kindOf(newToken('api-key')), 'api-key');
  const token = newToken('session');
  assert.is.not(token, newToken('session'));
  assert.match(digestOf(token), /^[0-9a-f]{64}$/);
  fc.assert(fc.property(fc.string(), (text) => kindOf(text) === undefined));
  assert.is(kindOf(`${token}x`), undefined);
});

test('of work at a turnstile never more than two run at once, all that found room ends, and the rest is refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 12 }), async (outcomes) => {
      const turnstile = createTurnstile({ atOnce: 2, waiting: 4, longestWaitMs: 60_000 });
      let running = 0;
      let most = 0;
      const settled = await Promise.allSettled(
        outcomes.map((succeeds) =>
          turnstile(async () => {
            running += 1;
            most = Math.max(most, running);
            await new Promise((resolve) => setImmediate(resolve));
            running -= 1;
            if (!succeeds) throw new Error('on purpose');
          }),
        ),
      );
      assert.ok(most <= 2);
      assert.is(running, 0);
      const crowded = settled.filter((each) => each.status === 'rejected' && each.reason instanceof Crowded);
      assert.is(crowded.length, Math.max(0, outcomes.length - 6));
      // Every place has been given back.
      assert.is(await turnstile(async () => 'free'), 'free');
    }),
  );
});

test('who has waited too long is refused without the work, and the next one has its turn', async () => {
  const turnstile = createTurnstile({ atOnce: 1, waiting: 2, longestWaitMs: 5 });
  const { promise: blocked, resolve: release } = Promise.withResolvers<void>();
  const first = turnstile(() => blocked);
  let worked = false;
  const second = turnstile(async () => {
    worked = true;
  });
  const since = performance.now();
  while (performance.now() - since <= 6);
  const third = turnstile(async () => 'in turn');
  release();
  const [, late, inTurn] = await Promise.allSettled([first, second, third]);
  assert.ok(late?.status === 'rejected' && late.reason instanceof Crowded);
  assert.is(worked, false);
  assert.equal(inTurn, { status: 'fulfilled', value: 'in turn' });
});

test('a cookie is found among others, and set so that no script and no other site gets it', () => {
  const token = newToken('session');
  assert.is(tokenInCookies(`a=b; __Host-session=${token}; c=d`), token);
  for (const header of [undefined, '', 'session=x', `x__Host-session=${token}`])
    assert.is(tokenInCookies(header), undefined);
  for (const part of ['__Host-session=', 'HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/', 'Max-Age=604800'])
    assert.match(sessionCookie(token), part);
});

test('only a request of the same origin may write with a cookie', () => {
  const rows: [string, Record<string, string>, boolean][] = [
    ['GET', { 'sec-fetch-site': 'cross-site' }, true],
    ['POST', { 'sec-fetch-site': 'same-origin' }, true],
    ['POST', { 'sec-fetch-site': 'none' }, true],
    ['POST', { 'sec-fetch-site': 'same-site' }, false],
    ['POST', { 'sec-fetch-site': 'cross-site' }, false],
    ['DELETE', { 'sec-fetch-site': 'cross-site', origin: 'https://a.test', host: 'a.test' }, false],
    ['PUT', { origin: 'https://a.test', host: 'a.test' }, true],
    ['PUT', { origin: 'https://b.test', host: 'a.test' }, false],
    ['PUT', { origin: 'null', host: 'a.test' }, false],
    ['PATCH', {}, true],
  ];
  for (const [method, headers, allowed] of rows)
    assert.is(mayUseCookie(method, headers), allowed, `${method} ${JSON.stringify(headers)}`);
});

test.run();

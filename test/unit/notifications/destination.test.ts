import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { guardedLookup, problemOf } from '../../../operator/notifications/destination.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('where messages may go');

test('to any host over http or https, inside the cluster and outside', () => {
  for (const url of [
    'https://hooks.slack.com/services/T0/B0/x',
    'http://audit.market.svc:8080/in',
    'https://10.1.2.3/in',
    ' https://user:word@receiver.example.com/\n',
  ])
    assert.is(problemOf(url, undefined), undefined, url);
});

test('not to what is no web address, and the sentence does not repeat it', () => {
  for (const url of ['file:///etc/passwd', 'gopher://x/', 'hooks.slack.com/services/x', '', 'swordfish'])
    assert.match(problemOf(url, undefined) ?? '', /^has no URL that begins with https:\/\/ or http:\/\/$/);
});

test('not to the operator itself, the metadata of the cloud or everybody, however the address is written', () => {
  for (const host of [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:169.254.169.254]',
    '169.254.169.254',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '224.0.0.1',
    '255.255.255.255',
  ])
    assert.match(problemOf(`http://${host}:8080/`, undefined) ?? 'taken', /an address that no message/, host);
});

test('not to a name that stands for such an address', async () => {
  const look = promisify(guardedLookup(undefined)) as unknown as (
    host: string,
    options: object,
  ) => Promise<unknown>;
  const error = await look('localhost', {}).then(
    () => undefined,
    (refused: unknown) => refused,
  );
  assert.is((error as { code: string }).code, 'EBLOCKED');
});

test('only to the hosts that the operator was given, where it was given some', () => {
  const allowed = ['hooks.slack.com', '*.corp.example.com', '127.0.0.1'];
  const takes = (url: string) => problemOf(url, allowed) === undefined;
  assert.ok(takes('https://hooks.slack.com/services/x'));
  assert.ok(takes('https://HOOKS.slack.com/services/x'));
  assert.ok(takes('https://audit.corp.example.com/x'));
  // Who is named in full is meant.
  assert.ok(takes('http://127.0.0.1:9000/x'));
  assert.not(takes('https://corp.example.com.evil.example/x'));
  assert.not(takes('https://evilcorp.example.com/x'));
  assert.not(takes('https://hooks.slack.com@evil.example/x'));
  assert.not(takes('http://127.0.0.2/x'));
});

test.run();

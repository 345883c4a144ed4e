import type { lookup } from 'node:dns';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { pauseS } from '../../../app/alerts/delivery.ts';
import { checkedLookup, isPublicAddress, NotPublic } from '../../../app/alerts/public-address.ts';
import { createWebhookSender, signatureOf } from '../../../app/alerts/webhook.ts';
import { mistakeInWebhookUrl } from '../../../app/alerts/webhook-url.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('webhook addresses');

test('addresses that are not of the public internet are told apart, however they are written', () => {
  const inside = [
    '127.0.0.1',
    '0.0.0.0',
    '10.96.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '::ffff:10.0.0.1',
    '::ffff:127.0.0.1',
    '::10.0.0.1',
    '64:ff9b::10.0.0.1',
    '2002:a00:1::',
    '2001:0:a00::1',
    '2001:db8::1',
    'fec0::1',
    'nonsense',
    '',
  ];
  for (const address of inside) assert.is(isPublicAddress(address), false, address);
  for (const address of ['1.1.1.1', '93.184.216.34', '2606:4700::1111', '::ffff:1.1.1.1'])
    assert.is(isPublicAddress(address), true, address);
});

test('no address of a private network passes, in any of its notations', () => {
  const octet = fc.nat(255);
  const privateV4 = fc.oneof(
    fc.tuple(fc.constant(10), octet, octet, octet),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), octet, octet),
    fc.tuple(fc.constant(192), fc.constant(168), octet, octet),
    fc.tuple(fc.constant(127), octet, octet, octet),
    fc.tuple(fc.constant(169), fc.constant(254), octet, octet),
  );
  fc.assert(
    fc.property(privateV4, (octets) => {
      const plain = octets.join('.');
      const [a, b, c, d] = octets;
      const notations = [
        plain,
        String(((a * 256 + b) * 256 + c) * 256 + d),
        `0x${octets.map((o) => o.toString(16).padStart(2, '0')).join('')}`,
      ];
      for (const host of [...notations, `[::ffff:${plain}]`])
        assert.ok(mistakeInWebhookUrl(`https://${host}/`, 'public'), host);
    }),
  );
});

test('a webhook is an https URL of the public internet, and the mistake is named', () => {
  const wrong: [string, RegExp][] = [
    ['nonsense', /must be an https URL/],
    ['ftp://example.com/', /must be an https URL/],
    ['http://example.com/', /must be an https URL/],
    ['https://user:word@example.com/', /must not have a user name/],
    ['https://example.com:8443/', /must not have a port/],
    ['https://localhost/', /public internet/],
    ['https://kubernetes/', /public internet/],
    ['https://kubernetes.default.svc/', /public internet/],
    ['https://cryptosense-pooler.prod.svc.cluster.local/', /public internet/],
    ['https://metadata.google.internal/', /public internet/],
    ['https://169.254.169.254/latest/meta-data', /public internet/],
    ['https://[::1]/', /public internet/],
    ['https://2130706433/', /public internet/],
    [`https://example.com/${'x'.repeat(2_000)}`, /must be an https URL/],
  ];
  for (const [url, expected] of wrong) assert.match(mistakeInWebhookUrl(url, 'public') ?? '', expected, url);
  for (const url of ['https://example.com/hooks?a=b', 'https://1.1.1.1/', 'https://example.com:443/'])
    assert.is(mistakeInWebhookUrl(url, 'public'), undefined, url);
  assert.is(mistakeInWebhookUrl('http://127.0.0.1:8080/', 'any'), undefined);
});

test('a name is looked up once, and what it leads to is checked before anything is connected to it', async () => {
  const asked: string[] = [];
  const resolver = (...addresses: string[]) =>
    ((name: string, _options: unknown, callback: (error: null, found: unknown) => void) => {
      asked.push(name);
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    }) as unknown as typeof lookup;
  const look = (...addresses: string[]) =>
    new Promise((resolve) => {
      const checked = checkedLookup(isPublicAddress, resolver(...addresses));
      checked('hooks.example.com', { all: true }, (error, found) => resolve(error ?? found));
    });
  assert.equal(await look('1.1.1.1'), [{ address: '1.1.1.1', family: 4 }]);
  for (const addresses of [['10.0.0.1'], ['1.1.1.1', '10.0.0.1'], ['::ffff:127.0.0.1'], []])
    assert.instance(await look(...addresses), NotPublic, addresses.join());
  // Absolute, so that the resolver tries no domain of the cluster.
  assert.equal([...new Set(asked)], ['hooks.example.com.']);
  const sender = createWebhookSender('public', resolver('127.0.0.1'));
  const message = { url: 'https://hooks.example.com/', secret: 'whsec_', id: 'x', body: '{}' };
  assert.equal(await sender.send(message), {
    result: 'refused',
    detail: 'the address is not one of the public internet',
  });
  await sender.close();
});

test('the signature is that of the standard', () => {
  // The example of standardwebhooks.com.
  const message = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    body: '{"test": 2432232314}',
  };
  assert.is(signatureOf(message, 1614265330), 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('the pauses between attempts grow to eleven hours', () => {
  assert.equal([1, 2, 3, 7].map(pauseS), [10, 40, 160, 40_960]);
});

test.run();

import { createHmac } from 'node:crypto';
import * as assert from 'uvu/assert';
import type { Webhook } from '../../../operator/api/effective-spec.ts';
import { GIVEN_UP_AFTER_MS } from '../../../operator/notifications/notifier.ts';
import { suite } from '../../harness/suite.ts';
import { eventually } from '../../integration/processes.ts';
import { violations } from './block-kit.ts';
import { Receiver } from './receiver.ts';
import { KEY, Station } from './station.ts';

const test = suite('delivery of messages');

const hook = (name: string, more: Partial<Webhook> = {}): Webhook => ({
  name,
  type: 'generic',
  urlSecret: { name: 'cryptosense-notifications', key: name },
  ...more,
});

/** A station and a receiver for each of its webhooks. */
async function station(
  webhooks: Webhook[],
  body: (at: Station, receivers: Receiver[]) => Promise<void>,
): Promise<void> {
  const receivers = await Promise.all(webhooks.map(() => new Receiver().start()));
  const at = new Station(webhooks);
  for (const [i, { urlSecret }] of webhooks.entries())
    at.secrets.set(`${urlSecret.name}/${urlSecret.key}`, receivers[i]?.url ?? '');
  try {
    await body(at, receivers);
  } finally {
    at.isLeading = true;
    await at.notifier.stop();
    await Promise.all(receivers.map((receiver) => receiver.stop()));
  }
}

const done = (at: Station, receiver: string) =>
  eventually(`${receiver} has everything`, async () => {
    at.look();
    return at.waitingFor(receiver).length === 0;
  });
/** A try has ended and its lane waits for the next one. */
const pausing = (at: Station) => eventually('a lane waits', async () => at.clock.nextAt !== undefined);

test('each receiver gets a message once, in its form and under its id, and in the order in which things happened', async () => {
  await station([hook('audit'), hook('chat', { type: 'slack' })], async (at, [audit, chat]) => {
    const told = ['start', 'step', 'promote'].map((kind) =>
      at.tell(kind as 'start', `${kind} of api:2`, 'audit', 'chat'),
    );
    await done(at, 'audit');
    await done(at, 'chat');
    for (let i = 0; i < 3; i++) at.look();
    assert.equal(
      audit?.ids,
      told.map(({ id }) => id),
    );
    assert.equal(
      chat?.ids,
      told.map(({ id }) => id),
    );
    const [first] = audit?.received ?? [];
    const { environment, event, message } = JSON.parse(first?.body ?? '');
    assert.equal(environment, { namespace: 'market', name: 'shop', uid: 'uid-1', tier: 'local' });
    assert.equal([event, message], ['start', 'start of api:2']);
    for (const { body } of chat?.received ?? []) assert.equal(violations(JSON.parse(body)), []);
    assert.equal(at.look().problems, { audit: null, chat: null });
    assert.is(at.notifier.waiting(), 0);
  });
});

test('look answers at once, whatever the receiver does', async () => {
  await station([hook('silent')], async (at, [silent]) => {
    if (silent) silent.reply = () => undefined;
    at.tell('start', 'a', 'silent');
    const began = performance.now();
    for (let i = 0; i < 100; i++) at.look();
    assert.ok(performance.now() - began < 500);
    await silent?.got(1);
    assert.is(silent?.received.length, 1);
  });
});

test('a receiver that fails is tried again, ever later, with the same id and the same body', async () => {
  await station([hook('audit')], async (at, [audit]) => {
    if (audit) audit.reply = (_, count) => ({ code: count < 4 ? 503 : 204 });
    at.tell('start', 'a', 'audit');
    at.look();
    const waits: number[] = [];
    for (let i = 0; i < 3; i++) {
      await audit?.got(i + 1);
      await pausing(at);
      assert.is(at.look().problems.audit, 'it answered 503');
      const wait = (at.clock.nextAt ?? 0) - at.clock.now();
      waits.push(wait);
      at.clock.advance(wait);
    }
    await done(at, 'audit');
    assert.is(new Set(audit?.ids).size, 1);
    assert.is(new Set(audit?.received.map(({ body }) => body)).size, 1);
    assert.ok(
      waits.every((wait, i) => wait >= 500 * 2 ** i && wait <= 1_000 * 2 ** i),
      String(waits),
    );
    assert.is(at.look().problems.audit, null);
  });
});

test('Retry-After is kept, in seconds and as a date', async () => {
  await station([hook('chat', { type: 'slack' })], async (at, [chat]) => {
    const inAMinute = () => new Date(Date.now() + 60_000).toUTCString();
    if (chat)
      chat.reply = (_, count) =>
        count === 3 ? {} : { code: 429, headers: { 'retry-after': count === 1 ? '30' : inAMinute() } };
    at.tell('start', 'a', 'chat');
    at.look();
    for (const [i, atLeast] of [30_000, 58_000].entries()) {
      await chat?.got(i + 1);
      await pausing(at);
      const wait = (at.clock.nextAt ?? 0) - at.clock.now();
      assert.ok(wait >= atLeast && wait < atLeast + 5_000, `${wait}`);
      at.clock.advance(wait);
    }
    await done(at, 'chat');
  });
});

test('a dead receiver keeps no message from the others', async () => {
  await station([hook('dead'), hook('alive')], async (at, [dead, alive]) => {
    if (dead) dead.reply = () => undefined;
    for (let i = 0; i < 20; i++) at.tell('step', `step ${i}`, 'dead', 'alive');
    at.look();
    await done(at, 'alive');
    assert.is(alive?.received.length, 20);
    assert.is(at.waitingFor('dead').length, 20);
    assert.is(at.notifier.waiting(), 20);
  });
});

test('after four hours a message is given up with an Event, and the next one goes out when the receiver is back', async () => {
  await station([hook('audit')], async (at, [audit]) => {
    if (audit) audit.reply = ({ body }) => ({ code: body.includes('first') ? 500 : 200 });
    at.tell('start', 'first', 'audit');
    at.look();
    await audit?.got(1);
    await pausing(at);
    assert.equal(at.events, []);
    at.clock.advance(GIVEN_UP_AFTER_MS);
    at.tell('promote', 'second', 'audit');
    await done(at, 'audit');
    const [lost, ...others] = at.events;
    assert.equal(others, []);
    assert.equal([lost?.type, lost?.reason], ['Warning', 'NotificationLost']);
    assert.match(
      lost?.note ?? '',
      /^audit was not told of Told \(.*\): given up after 4 h: it answered 500$/,
    );
    assert.match(audit?.received.at(-1)?.body ?? '', /second/);
  });
});

test('what will never be taken is given up at once, with the word that Slack has for it', async () => {
  await station([hook('chat', { type: 'slack' })], async (at, [chat]) => {
    if (chat) chat.reply = (_, count) => (count === 1 ? { code: 400, text: 'invalid_payload' } : {});
    at.tell('start', 'a', 'chat');
    at.tell('promote', 'b', 'chat');
    await done(at, 'chat');
    assert.is(chat?.received.length, 2);
    assert.match(at.events[0]?.note ?? '', /it answered 400 \(invalid_payload\)$/);
  });
});

test('a redirect is not followed', async () => {
  await station([hook('audit')], async (at, [audit]) => {
    const elsewhere = await new Receiver().start();
    try {
      if (audit) audit.reply = () => ({ code: 307, headers: { location: elsewhere.url } });
      at.tell('start', 'a', 'audit');
      at.look();
      await audit?.got(1);
      await pausing(at);
      assert.match(at.look().problems.audit ?? '', /it answered 307, a redirect, which is not followed/);
      assert.equal(elsewhere.received, []);
    } finally {
      await elsewhere.stop();
    }
  });
});

test('another process goes on with what waits, under the same ids, and does not repeat what was written down', async () => {
  await station([hook('audit')], async (at, [audit]) => {
    if (audit) audit.reply = (_, count) => ({ code: count === 1 ? 200 : 503 });
    at.tell('start', 'first', 'audit');
    await done(at, 'audit');
    const second = at.tell('promote', 'second', 'audit');
    at.look();
    await audit?.got(2);
    await at.notifier.stop();
    if (audit) audit.reply = () => ({});
    at.process();
    await done(at, 'audit');
    assert.equal(audit?.ids.slice(1), [second.id, second.id]);
  });
});

test('a stop waits for the answer to a try, and says what was taken', async () => {
  await station([hook('audit')], async (at, [audit]) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (audit)
      audit.reply = async () => {
        await promise;
        return {};
      };
    const { id } = at.tell('start', 'a', 'audit');
    at.look();
    await audit?.got(1);
    const stopping = at.notifier.stop();
    resolve();
    const unsaid = await stopping;
    assert.equal([...(unsaid.get(KEY)?.done ?? [])], [`${id} audit`]);
  });
});

test('who leads no more tells nobody anything', async () => {
  await station([hook('audit')], async (at, [audit]) => {
    at.isLeading = false;
    at.tell('start', 'a', 'audit');
    at.look();
    await eventually('it has noticed', async () =>
      at.said.some((line) => line.includes('another one leads')),
    );
    assert.equal(audit?.received, []);
  });
});

test('a signed message can be checked as Standard Webhooks says', async () => {
  const bytes = Buffer.alloc(32, 7);
  const signed = hook('audit', { signingSecret: { name: 'cryptosense-notifications', key: 'signing' } });
  await station([signed], async (at, [audit]) => {
    at.secrets.set('cryptosense-notifications/signing', `whsec_${bytes.toString('base64')}\n`);
    at.tell('start', 'ä', 'audit');
    await done(at, 'audit');
    const [{ headers, body } = { headers: {} as Record<string, string>, body: '' }] = audit?.received ?? [];
    const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const expected = createHmac('sha256', bytes).update(content).digest('base64');
    assert.is(headers['webhook-signature'], `v1,${expected}`);
    assert.is(headers['webhook-id'], headers['x-cryptosense-delivery']);
    assert.ok(Math.abs(Date.now() / 1_000 - Number(headers['webhook-timestamp'])) < 60);
  });
});

test('what is wrong with a Secret is said before there is anything to tell, and mended without a restart', async () => {
  await station([hook('audit')], async (at, [audit]) => {
    const url = audit?.url ?? '';
    const problem = async () => {
      at.look();
      await pausing(at);
      return at.look().problems.audit;
    };
    at.secrets.clear();
    assert.is(await problem(), 'there is no Secret cryptosense-notifications in market');
    const then = async (change: () => void) => {
      change();
      const { changes } = at;
      at.clock.advance(60_000);
      await eventually('it was looked at again', async () => at.changes > changes);
      return problem();
    };
    assert.match(
      (await then(() => at.secrets.set('cryptosense-notifications', 'forbidden'))) ?? '',
      /may not read Secret cryptosense-notifications/,
    );
    at.secrets.clear();
    assert.is(
      await then(() => at.secrets.set('cryptosense-notifications/other', url)),
      'Secret cryptosense-notifications has no key audit',
    );
    assert.match(
      (await then(() => at.secrets.set('cryptosense-notifications/audit', 'http://127.0.0.2/x'))) ?? '',
      /key audit of Secret cryptosense-notifications has the URL of a host that NOTIFICATION_HOSTS/,
    );
    at.secrets.set('cryptosense-notifications/audit', url);
    at.clock.advance(60_000);
    await eventually('it is well', async () => at.look().problems.audit === null);
    assert.equal(audit?.received, []);
  });
});

test('neither a URL nor a key nor an answer that repeats them is in a log, an Event or a problem', async () => {
  const signed = hook('audit', { signingSecret: { name: 'cryptosense-notifications', key: 'signing' } });
  await station([signed, hook('gone')], async (at, [audit, gone]) => {
    const key = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    at.secrets.set('cryptosense-notifications/signing', key);
    if (audit)
      audit.reply = ({ path }, count) => ({ code: count === 1 ? 500 : 410, text: `no such path: ${path}` });
    await gone?.stop();
    at.tell('start', 'a', 'audit', 'gone');
    at.look();
    await audit?.got(1);
    await eventually('both have failed', async () => {
      at.clock.advance(1_000);
      return at.events.length > 0 && at.look().problems.gone !== undefined;
    });
    at.secrets.set('cryptosense-notifications/gone', 'http://127.0.0.9/very-secret-path');
    at.clock.advance(600_000);
    const all = JSON.stringify([at.said, at.events, at.look().problems, at.environment]);
    assert.match(all, /it answered 410/);
    assert.match(all, /the connection was refused/);
    assert.not.match(all, /very-secret-path/);
    assert.not.match(all, new RegExp(key.slice(6, 20)));
    assert.not.match(all, /127\.0\.0/);
  });
});

test('a message that had to give way is one that the receiver is said to miss', async () => {
  await station([hook('audit')], async (at, [audit]) => {
    if (audit) audit.reply = () => undefined;
    at.tell('start', 'a', 'audit');
    at.look();
    at.environment = { ...at.environment, status: { notifications: [] } };
    at.look();
    assert.match(at.events[0]?.note ?? '', /too many messages waited/);
  });
});

test('figures say what was tried, lost and waits', async () => {
  await station([hook('audit')], async (at, [audit]) => {
    if (audit) audit.reply = (_, count) => ({ code: count === 1 ? 413 : 200 });
    at.tell('start', 'a', 'audit');
    at.tell('start', 'b', 'audit');
    await done(at, 'audit');
    const text = await at.registry.metrics();
    assert.match(text, /^cryptosense_notification_tries_total\{type="generic",result="taken"\} 1$/m);
    assert.match(text, /^cryptosense_notification_tries_total\{type="generic",result="refused"\} 1$/m);
    assert.match(text, /^cryptosense_notifications_lost_total\{type="generic",reason="refused"\} 1$/m);
    assert.match(text, /^cryptosense_notifications_waiting 0$/m);
    assert.match(text, /^cryptosense_notification_delivery_seconds_count\{type="generic"\} 1$/m);
  });
});

test.run();

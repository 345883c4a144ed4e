import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { resolveEnvironment } from '../../../operator/api/resolved.ts';
import type { Notification } from '../../../operator/api/status.ts';
import type { Snapshot } from '../../../operator/environment/snapshot.ts';
import { NOTHING_DELIVERED } from '../../../operator/notifications/deliveries.ts';
import { outboxOf } from '../../../operator/notifications/outbox.ts';
import type { RolloutDecision } from '../../../operator/rollout/state.ts';
import { suite } from '../../harness/suite.ts';
import { QUICK, World } from '../environment/world.ts';

const test = suite('messages in status');

type Webhooks = NonNullable<NonNullable<EnvironmentSpec['notifications']>['webhooks']>;
const urlSecret = { name: 'cryptosense-notifications', key: 'url' };
const everything: Webhooks[number] = { name: 'audit', type: 'generic', urlSecret };
const spec = (...webhooks: Webhooks): EnvironmentSpec => ({ ...QUICK, notifications: { webhooks } });

const serving = new World().create(spec(everything));
await serving.rest();
const world = (...webhooks: Webhooks) => {
  const copy = new World(serving);
  if (webhooks.length > 0)
    copy.edit((it) => {
      it.notifications = { webhooks };
    });
  return copy;
};
const messages = ({ status }: World): Notification[] => status.notifications ?? [];
const kinds = (at: World) => messages(at).map(({ kind }) => kind);

test('a first deploy is told once', () => {
  assert.equal(kinds(serving), ['promote']);
  const [first] = messages(serving);
  assert.match(first?.message ?? '', /api:1 is the first release/);
  assert.equal([first?.release?.image, first?.release?.number, first?.waiting], ['api:1', 1, ['audit']]);
});

test('A9 every step of a release is told in its order, with the release that it is about', async () => {
  const good = world().release('api:2');
  await good.rest();
  assert.equal(kinds(good), ['promote', 'start', 'pause', 'step', 'promote']);
  for (const { release } of messages(good).slice(1)) assert.is(release?.image, 'api:2');
  assert.is(new Set(messages(good).map(({ id }) => id)).size, 5);
});

test('a release that is rolled back is a warning with the reason', async () => {
  const bad = world().release('api:2', { errorRatio: 0.4 });
  await bad.rest();
  const last = messages(bad).at(-1);
  assert.equal([last?.kind, last?.severity, last?.release?.image], ['rollback', 'warning', 'api:2']);
  assert.match(last?.message ?? '', /answered 5xx/);
});

test('a release that is withdrawn is told as aborted, and is the one that the message is about', async () => {
  const other = world().release('api:2');
  await other.until(() => other.status.candidate?.weight === 10);
  other.release('api:1');
  await other.rest();
  const last = messages(other).at(-1);
  assert.equal([last?.kind, last?.release?.image], ['abort', 'api:2']);
});

test('a receiver is told what it asked for', async () => {
  const both = world(
    { ...everything, name: 'ends', events: ['promote', 'rollback'] },
    { ...everything, name: 'bad', severity: 'warning' },
  );
  await both.release('api:2').rest();
  await both.release('api:3', { errorRatio: 0.4 }).rest();
  const of = (name: string) =>
    messages(both).flatMap(({ kind, waiting }) => (waiting?.includes(name) ? [kind] : []));
  assert.equal(of('ends'), ['promote', 'rollback']);
  assert.equal(of('bad'), ['verdict', 'rollback']);
});

test('a receiver that is no longer asked for is waited for no longer', async () => {
  const left = world({ ...everything, name: 'other' });
  await left.rest();
  assert.equal(
    messages(left).map(({ waiting }) => waiting),
    [undefined],
  );
});

test('what needs somebody is told when it begins and when it ends, and not in between', async () => {
  const stuck = world();
  stuck.edit((it) => {
    it.database = { parameters: { shared_buffers: 'nonsense' } };
  });
  await stuck.settle();
  for (let i = 0; i < 5; i++) await stuck.look();
  const [, begins, ...others] = messages(stuck);
  assert.equal(others, []);
  assert.equal([begins?.kind, begins?.severity, begins?.reason], ['alert', 'warning', 'InvalidSpec']);
  stuck.edit((it) => {
    delete it.database;
  });
  await stuck.rest();
  assert.equal(kinds(stuck), ['promote', 'alert', 'alert']);
  assert.is(messages(stuck).at(-1)?.severity, 'info');
});

test('what is said at every look for as long as it is so is told once in ten minutes', () => {
  const { environment } = serving;
  const memory = environment.status ?? {};
  const notes = [{ type: 'Warning' as const, reason: 'StableDead', message: 'api:1 has no ready pod' }];
  const decision = { memory, notes } as RolloutDecision;
  let notifications: Notification[] = [];
  const look = (now: number) => {
    const snapshot = {
      environment: { ...environment, status: { ...environment.status, notifications } },
      resolved: resolveEnvironment(environment),
      deliveries: NOTHING_DELIVERED,
      now,
    } as Snapshot;
    notifications = outboxOf(snapshot, decision, undefined);
    return notifications.length;
  };
  assert.equal([0, 1_000, 599_000, 600_000, 601_000].map(look), [1, 1, 1, 2, 2]);
});

test('status stays small: the oldest messages give way, and nothing is written for it at rest', async () => {
  const silent = world();
  for (let i = 2; i < 10; i++) await silent.release(`api:${i}`).rest();
  assert.is(messages(silent).length, 24);
  assert.is(messages(silent).at(-1)?.message.startsWith('api:9'), true);
  const { length } = silent.server.writes;
  for (let i = 0; i < 3; i++) await silent.look();
  assert.is(silent.server.writes.length, length);
});

test('a message is in status exactly when what it tells of is, wherever the operator dies', async () => {
  const undisturbed = world().release('api:2');
  await undisturbed.rest();
  const writes = undisturbed.server.writes.length;
  const said = messages(undisturbed).map(({ kind, message }) =>
    `${kind} ${message}`.replace(/\d+ of \d+.*/, ''),
  );
  for (let death = 1; death <= writes; death++) {
    const killed = world().release('api:2');
    killed.server.dieAfter = death;
    await killed.rest();
    assert.equal(
      messages(killed).map(({ kind, message }) => `${kind} ${message}`.replace(/\d+ of \d+.*/, '')),
      said,
      `killed after write ${death}`,
    );
    assert.is(new Set(messages(killed).map(({ id }) => id)).size, said.length);
  }
});

test('without a receiver nothing is kept, and no condition speaks of it', async () => {
  const none = new World().create();
  await none.release('api:2').rest();
  assert.is(none.status.notifications, undefined);
  assert.is(none.condition('NotificationsReady'), undefined);
});

test.run();

import { equal, is, match, not } from 'uvu/assert';
import { ROTATE_LOGIN } from '../../../operator/environment/login-rotation.ts';
import { suite } from '../../harness/suite.ts';
import { refused } from './api-server.ts';
import { askForRotation as ask, logins, putCredentials, SECRET, sayLogins, secretOf } from './logins.ts';
import { World } from './world.ts';

const test = suite('rotation of the login, by the operator');
const MINUTE_MS = 60_000;

/** A world that serves, with a Secret as an API server keeps it and a member that says what it knows. */
async function serving(said: string | null = 'birth'): Promise<World> {
  const world = new World().create();
  putCredentials(world);
  await world.rest();
  sayLogins(world, said);
  return world;
}

const login = (world: World) => world.status.database?.login;
const stateIn = (world: World) => logins(world).state;
const userOf = (world: World) => new URL(secretOf(world.server, 'DATABASE_URL')).username;

/** To the end of the rotation that is asked for. */
async function ended(world: World, word: string): Promise<void> {
  await world.through(() => {
    const its = login(world);
    return its?.asked === word && its.phase === 'retired' && (its.rotatedAt ?? '') >= its.since;
  });
}

async function pass(world: World, seconds: number): Promise<void> {
  const end = world.now + seconds * 1000;
  await world.through(() => world.now >= end, seconds + 10);
}

test('a rotation goes through its phases, and is asked for once', async () => {
  const world = await serving();
  const begun = world.now;
  ask(world, 'november');
  await world.through(() => login(world)?.phase === 'prepared');
  is(stateIn(world), 'november.prepared');
  await ended(world, 'november');
  equal(logins(world), { state: 'november.retired', names: ['cryptosense_a'] });
  is(userOf(world), 'cryptosense_a');
  // Three minutes for PgBouncer, a quarter of an hour for what has begun.
  const tookMs = world.now - begun;
  is(tookMs >= 18 * MINUTE_MS && tookMs < 19 * MINUTE_MS, true, `${tookMs} ms`);
  match(login(world)?.message ?? '', /former login is not valid any more/);
  equal(
    world.events.filter(({ reason }) => reason === 'LoginRotated').map(({ type }) => type),
    ['Normal'],
  );
  const written = world.server.get('Secret', SECRET)?.metadata.resourceVersion;
  await pass(world, 60);
  is(world.server.get('Secret', SECRET)?.metadata.resourceVersion, written);
  ask(world, 'december');
  await ended(world, 'december');
  is(userOf(world), 'cryptosense_b');
});

test('no pod of any component is written for it', async () => {
  const world = await serving();
  const before = world.server.writes.length;
  ask(world, 'november');
  await ended(world, 'november');
  const written = new Set(world.server.writes.slice(before));
  equal([...written].sort(), [`PATCH CryptoSenseEnvironment status/shop`, `PATCH Secret/${SECRET}`]);
});

test('nothing is used before every member knows it', async () => {
  const world = await serving();
  world.cluster.learnsLogins = false;
  ask(world, 'november');
  await world.through(() => login(world)?.phase === 'prepared');
  await pass(world, 600);
  is(login(world)?.phase, 'prepared');
  match(login(world)?.message ?? '', /Waiting for shop-database-pod-0 to know it/);
  is(userOf(world), 'cryptosense');
});

test('it has not come to its end before the database has taken the former login away', async () => {
  const world = await serving();
  ask(world, 'november');
  await world.through(() => login(world)?.phase === 'switched');
  await pass(world, 10);
  world.cluster.learnsLogins = false;
  await world.through(() => login(world)?.phase === 'retired');
  await pass(world, 60);
  match(login(world)?.message ?? '', /Waiting for shop-database-pod-0 to know it/);
  is(login(world)?.rotatedAt, undefined);
  world.cluster.learnsLogins = true;
  await ended(world, 'november');
});

test('a former login that is still used is never taken away', async () => {
  const world = await serving();
  ask(world, 'november');
  await world.through(() => stateIn(world) === 'november.switched');
  sayLogins(world, 'november.switched', 'used');
  await pass(world, 24 * 60 * 60);
  is(stateIn(world), 'november.switched');
  match(login(world)?.message ?? '', /Waiting for its sessions to end: somebody still uses it/);
  sayLogins(world, 'november.switched');
  await ended(world, 'november');
});

test('members of an earlier form, and words that are none, begin nothing and say why', async () => {
  const old = await serving(null);
  ask(old, 'november');
  await old.through(() => login(old)?.phase === 'waiting');
  match(login(old)?.message ?? '', /shop-database-pod-0 would not learn of a new login/);
  const world = await serving();
  ask(world, 'two words');
  await world.through(() => login(world)?.phase === 'waiting');
  match(login(world)?.message ?? '', /is no word/);
  equal([stateIn(old), stateIn(world)], ['birth', 'birth']);
  ask(world, 'november');
  await ended(world, 'november');
});

test('a request that is taken away before it began leaves when the last one was done', async () => {
  const world = await serving();
  const asked = ['two words', '', 'november', 'two words', ''];
  const seen: string[] = [];
  for (const word of asked) {
    ask(world, word);
    if (word === 'november') await ended(world, 'november');
    else await pass(world, 5);
    const { phase = 'none', rotatedAt } = login(world) ?? {};
    seen.push(`${phase} ${rotatedAt === undefined ? 'never' : 'once'}`);
  }
  equal(seen, ['waiting never', 'none never', 'retired once', 'waiting once', 'retired once']);
});

test('another word in the middle waits for the end', async () => {
  const world = await serving();
  ask(world, 'november');
  await world.through(() => login(world)?.phase === 'prepared');
  ask(world, 'december');
  await world.through(() => stateIn(world) === 'november.retired');
  await ended(world, 'december');
  equal(logins(world).names, ['cryptosense_b']);
});

test('a request that is taken away in the middle stops nothing', async () => {
  const world = await serving();
  ask(world, 'november');
  await world.through(() => login(world)?.phase === 'prepared');
  ask(world, '');
  await ended(world, 'november');
});

test('a PgBouncer that would not learn of it is waited for', async () => {
  const world = await serving();
  world.cluster.releases.set(imageOf(world, 'shop-pooler'), { starts: false });
  await pass(world, 2);
  ask(world, 'november');
  await world.through(() => login(world)?.phase === 'waiting');
  match(login(world)?.message ?? '', /^PgBouncer is not as it should be/);
  world.cluster.releases.clear();
  await ended(world, 'november');
});

test('without the right to the Secret the condition has the command that gives it', async () => {
  const world = await serving();
  world.server.intercept = (_, { kind }) => {
    if (kind === 'Secret') throw refused(403, 'Forbidden', 'secrets "shop-credentials" is forbidden');
  };
  ask(world, 'november');
  await world.through(() => world.condition('Stalled')?.status === 'True');
  match(
    world.condition('Stalled')?.message ?? '',
    /rotateLogin shop-credentials is refused.*create role shop-credentials/,
  );
  equal([login(world), world.condition('Ready')?.status], [undefined, 'True']);
  world.server.intercept = () => {};
  await ended(world, 'november');
  is(world.condition('Stalled')?.status, 'False');
});

test('a status that was lost in the middle is walked through again', async () => {
  const world = await serving();
  ask(world, 'november');
  await world.through(() => login(world)?.phase === 'switched');
  const url = secretOf(world.server, 'DATABASE_URL');
  world.server.edit('CryptoSenseEnvironment', 'shop', (object) => {
    object.status = {};
  });
  await ended(world, 'november');
  is(secretOf(world.server, 'DATABASE_URL'), url);
});

test('no password is in status, in an Event or in an object that is not the Secret', async () => {
  const world = await serving();
  ask(world, 'november');
  await ended(world, 'november');
  const password = new URL(secretOf(world.server, 'DATABASE_URL')).password;
  is(password.length, 32);
  const objects = [...world.server.objects.values()].filter(({ kind }) => kind !== 'Secret');
  const everything = JSON.stringify([objects, world.events]);
  not.match(everything, password);
  not.match(everything, Buffer.from(password).toString('base64'));
  is(everything.includes(ROTATE_LOGIN), true);
});

function imageOf({ server }: World, name: string): string {
  const spec = server.get('Deployment', name)?.spec as
    | { template: { spec: { containers: { image: string }[] } } }
    | undefined;
  return spec?.template.spec.containers[0]?.image ?? '';
}

test.run();

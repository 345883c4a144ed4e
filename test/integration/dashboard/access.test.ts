import { request as httpRequest } from 'node:http';
import { equal, is, match, not, ok } from 'uvu/assert';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import { type KubeObject, pathOf } from '../../../operator/kube/resources.ts';
import { targetOf } from '../../../operator/rollout/candidate.ts';
import { suite } from '../../harness/suite.ts';
import { eventually } from '../processes.ts';
import { Reader } from './reader.ts';
import { release, releasing, serving } from './statuses.ts';
import { bind, DashboardWorld, unbind } from './world.ts';

const test = suite('Who may see and do what in the dashboard');
const SECRET = 'hunter2-do-not-show';
const third = targetOf(release(3));
let world: DashboardWorld;

test.before(async () => {
  world = await DashboardWorld.start({
    users: ['chief', 'looker', 'commander', 'nobody', 'fired'],
    reviewMs: 400,
  });
  for (const namespace of ['shop', 'bank']) await world.namespace(namespace);
  const now = Date.now();
  const at = { startedAt: now - 90_000, step: 1, weight: 25, ready: 1, verdicts: ['pass' as const] };
  await world.environment('shop', 'prod', releasing(now, at), {
    release: { image: release(3).image, config: { API_TOKEN: SECRET } },
    notifications: {
      webhooks: [
        { name: 'chat', type: 'slack', urlSecret: { name: `secret-${SECRET}`.slice(0, 40), key: 'url' } },
      ],
    },
  });
  await world.environment('bank', 'prod', serving(now));
  await create(world.client, RESOURCES.secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'prod-credentials', namespace: 'shop' },
    stringData: { password: SECRET },
  });
  await bind(world.client, 'chief', 'look');
  await bind(world.client, 'chief', 'command');
  await bind(world.client, 'looker', 'look', 'shop');
  await bind(world.client, 'fired', 'look', 'shop');
  await bind(world.client, 'commander', 'look', 'shop');
  await bind(world.client, 'commander', 'command', 'shop');
});
test.after(() => world?.stop());

async function listOf(user: string): Promise<Record<string, unknown>> {
  const reader = await Reader.open(`${world.url}/api/environments`, world.tokenOf(user));
  const list = await reader.until('environments', ({ all }) => all === true);
  reader.close();
  return list;
}

const keysOf = (list: Record<string, unknown>) =>
  (list.rows as { key: string }[]).map(({ key }) => key).sort();

async function command(
  user: string,
  key: string,
  body: object | string,
  headers: Record<string, string> = {},
): Promise<{ status: number; message: string }> {
  const answer = await fetch(`${world.url}/api/environments/${key}/commands`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${world.tokenOf(user)}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, ...((await answer.json()) as { message: string }) };
}

test('each sees the environments of the namespaces whose environments they may list, and nobody else', async () => {
  equal(keysOf(await listOf('chief')), ['bank/prod', 'shop/prod']);
  equal(keysOf(await listOf('looker')), ['shop/prod']);
  const none = await listOf('nobody');
  equal(none.rows, []);
  is(
    none.refused,
    'nobody may not list cryptosenseenvironments.cryptosense.io in any namespace that has one. Ask for a role with the verbs get and list on them.',
  );
});

test('an environment that one may not see is answered like one that is not there', async () => {
  const ask = async (key: string) => {
    const answer = await fetch(`${world.url}/api/environments/${key}`, {
      headers: { authorization: `Bearer ${world.tokenOf('looker')}` },
    });
    return [answer.status, ((await answer.json()) as { message: string }).message.replace(key, 'X')];
  };
  const sentence = 'There is no environment X, or looker may not see it.';
  equal(await ask('bank/prod'), [404, sentence]);
  equal(await ask('bank/none'), [404, sentence]);
  equal(await ask('shop/none'), [404, sentence]);
});

test('changes of what may be seen are sent, those of others are not', async () => {
  const reader = await Reader.open(`${world.url}/api/environments`, world.tokenOf('looker'));
  await reader.until('environments');
  await world.say('bank', 'prod', { ...serving(Date.now()), summary: 'bank business' });
  await world.say('shop', 'prod', { summary: 'shop business' });
  const { rows } = await reader.until('environments', ({ all }) => all !== true);
  equal(
    (rows as { summary: string }[]).map(({ summary }) => summary),
    ['shop business'],
  );
  not.match(reader.text, 'bank');
  reader.close();
});

test('no token, a wrong one and one of nobody see nothing, and are told why', async () => {
  const bare = await fetch(`${world.url}/api/environments`);
  equal(
    [bare.status, await bare.json()],
    [401, { message: 'Send a token of the cluster: kubectl create token makes one.' }],
  );
  const wrong = await fetch(`${world.url}/api/environments`, { headers: { authorization: 'Bearer wrong' } });
  is(wrong.status, 401);
  match(((await wrong.json()) as { message: string }).message, /does not accept this token/);
  const odd = await fetch(`${world.url}/api/environments`, {
    headers: { authorization: 'Basic YWRtaW46eA==' },
  });
  is(odd.status, 401);
});

test('a command is written with the name that the API server knows the person by', async () => {
  const { status, message } = await command('commander', 'shop/prod', { verb: 'promote', target: third });
  equal([status, message], [200, 'It is written down; the operator carries it out.']);
  const path = pathOf(RESOURCES.environments, 'shop', 'prod');
  const { metadata } = await world.client.request<KubeObject>({ method: 'GET', path });
  equal(metadata.annotations, {
    'cryptosense.io/promote': third,
    'cryptosense.io/asked-by': 'commander',
  });
  await eventually(
    'the cache has it',
    () => world.caches.environment('shop', 'prod')?.metadata.annotations !== undefined,
  );
  const second = await command('chief', 'shop/prod', { verb: 'abort', target: third });
  equal(
    [second.status, second.message],
    [409, 'The command promote is being carried out: try again in a moment.'],
  );
  const annotations = { 'cryptosense.io/promote': null, 'cryptosense.io/asked-by': null };
  await mergePatch(world.client, RESOURCES.environments, 'shop', 'prod', { metadata: { annotations } });
  await eventually('it is done', () => !world.caches.environment('shop', 'prod')?.metadata.annotations);
});

test('who may not change it is refused by the API server, in its words, and nothing is written', async () => {
  const path = pathOf(RESOURCES.environments, 'shop', 'prod');
  const before = await world.client.request<KubeObject>({ method: 'GET', path });
  const { status, message } = await command('looker', 'shop/prod', { verb: 'abort', target: third });
  is(status, 403);
  is(
    message,
    'cryptosenseenvironments.cryptosense.io "prod" is forbidden: User "looker" cannot patch resource "cryptosenseenvironments" in API group "cryptosense.io" in the namespace "shop"',
  );
  equal(await world.client.request<KubeObject>({ method: 'GET', path }), before);
});

test('what is no command is refused before anything is asked of the cluster', async () => {
  const send = (body: object | string, headers?: Record<string, string>) =>
    command('commander', 'shop/prod', body, headers);
  equal((await send({ verb: 'delete', target: third })).status, 400);
  match((await send({ verb: 'delete', target: third })).message, /verb has to be one of promote, /);
  match((await send({ verb: 'promote', target: '../5' })).message, /<number>-<revision>/);
  match((await send('{"verb":')).message, /Send a command as/);
  is((await send('verb=promote', { 'content-type': 'application/x-www-form-urlencoded' })).status, 415);
  is((await send(JSON.stringify({ verb: 'promote', target: 'x'.repeat(9_000) }))).status, 413);
});

test('who loses the right to look, or to change, is told at the next review', async () => {
  const list = await Reader.open(`${world.url}/api/environments`, world.tokenOf('fired'));
  const one = await Reader.open(`${world.url}/api/environments/shop/prod`, world.tokenOf('fired'));
  await list.until('environments');
  is((await one.until('environment')).mayPatch, false);
  await unbind(world.client, 'fired', 'look', 'shop');
  await eventually('both streams end', () => list.ended && one.ended);
  equal([list.messages.at(-1)?.event, one.messages.at(-1)?.event], ['again', 'again']);
  equal(keysOf(await listOf('fired')), []);
});

test('one environment comes with its release, backups, restores and Events, as far as one may see them', async () => {
  const now = new Date().toISOString();
  await create(world.client, RESOURCES.backups, {
    apiVersion: 'cryptosense.io/v1alpha1',
    kind: 'CryptoSenseBackup',
    metadata: { name: 'prod-full-1', namespace: 'shop' },
    spec: { environment: 'prod', type: 'full' },
  });
  await mergePatch(
    world.client,
    RESOURCES.backups,
    'shop',
    'prod-full-1',
    {
      status: {
        completedAt: now,
        verifiedAt: now,
        sizeBytes: 734_003_200,
        conditions: ['Completed', 'Verified'].map((type) => ({
          type,
          status: 'True',
          reason: 'Done',
          message: 'It is.',
          lastTransitionTime: now,
        })),
      },
    },
    { subresource: 'status' },
  );
  const reader = await Reader.open(`${world.url}/api/environments/shop/prod`, world.tokenOf('looker'));
  const { detail, mayPatch, user } = await reader.until('environment');
  equal([mayPatch, user], [false, 'looker']);
  const { backups } = { backups: await reader.until('backups', ({ items }) => (items as []).length > 0) };
  const [backup] = backups.items as { name: string; verified: string; sizeBytes: number }[];
  equal([backup?.name, backup?.verified, backup?.sizeBytes], ['prod-full-1', 'True', 734_003_200]);
  equal(await reader.until('restores'), { items: [] });
  equal(await reader.until('events'), { items: [] });
  await create(
    world.client,
    { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true },
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'prod.1', namespace: 'shop' },
      type: 'Warning',
      reason: 'RolledBack',
      message: 'It was bad.',
      involvedObject: {
        apiVersion: 'cryptosense.io/v1alpha1',
        kind: 'CryptoSenseEnvironment',
        name: 'prod',
        namespace: 'shop',
      },
    },
  );
  const [event] = (await reader.until('events', ({ items }) => (items as []).length > 0)).items as {
    reason: string;
  }[];
  is(event?.reason, 'RolledBack');
  ok((detail as { stable?: unknown }).stable);
  reader.close();
});

test('no answer has anything of a Secret, of the configuration or of a token in it', async () => {
  const list = await Reader.open(`${world.url}/api/environments`, world.tokenOf('chief'));
  const one = await Reader.open(`${world.url}/api/environments/shop/prod`, world.tokenOf('chief'));
  await list.until('environments');
  await one.until('environment');
  for (const kind of ['backups', 'restores', 'events']) await one.until(kind);
  for (const { text, headers } of [list, one]) {
    ok(text.length > 100);
    not.match(text, SECRET);
    for (const user of ['admin', 'chief']) not.match(text, world.tokenOf(user));
    is(headers.get('set-cookie'), null);
  }
  list.close();
  one.close();
});

/** A request under another name than the browser's own. */
function askAs(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port: world.dashboard.port, path: '/', headers: { host } },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    request.once('error', reject);
    request.end();
  });
}

test('the page is served under names of this machine alone, and lets in no script from elsewhere', async () => {
  equal(
    await Promise.all(
      ['localhost:8090', '127.0.0.1', '[::1]:8090', 'evil.example.com', 'localhost.evil.com'].map(askAs),
    ),
    [200, 200, 200, 421, 421],
  );
  for (const path of ['/', '/assets/main.js', '/api/environments', '/nothing']) {
    const { headers } = await fetch(`${world.url}${path}`);
    const policy = headers.get('content-security-policy') ?? '';
    match(policy, "default-src 'none'");
    not.match(policy, /unsafe|http/);
    is(headers.get('x-content-type-options'), 'nosniff');
    is(headers.get('cache-control'), 'no-store');
  }
  const html = await (await fetch(world.url)).text();
  not.match(html, / (style|on\w+)="/);
  not.match(html, /<script(?! type="module" src="\/assets\/)/);
  not.match(html, /(src|href)="(?!\/|#)/);
  for (const wrong of ['/assets/../server.ts', '/assets/%2e%2e/x', '/assets/tsconfig.json'])
    is((await fetch(`${world.url}${wrong}`)).status, 401, wrong);
});

test.run();

import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Environment } from '../../../operator/api/resolved.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import { pathOf, type Resource } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import { ensureNamespace, type Installation, install } from '../../simulated/installation.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { violations } from '../../unit/notifications/block-kit.ts';
import { Receiver } from '../../unit/notifications/receiver.ts';
import { eventually } from '../processes.ts';

const test = suite('messages of the operator as a process, with the rights of its installation');

const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true };
const ROLES: Resource = { ...RBAC, plural: 'roles', kind: 'Role' };
const BINDINGS: Resource = { ...RBAC, plural: 'rolebindings', kind: 'RoleBinding' };

let cluster: SimulatedCluster;
let client: KubeClient;
let program: string;
let installation: Installation;
let operator: OperatorProcess | undefined;

test.before(async () => {
  program = await bundleOperator();
  cluster = await startSimulatedCluster();
  client = cluster.client();
  installation = await install(cluster, client, {});
});
test.after(async () => {
  await operator?.stop('SIGKILL');
  installation?.remove();
  await client?.close();
  await cluster?.stop();
});

async function start(): Promise<void> {
  const env = { ...installation.env, LOG_LEVEL: 'debug', NOTIFICATION_HOSTS: '127.0.0.1' };
  operator = await startOperator({ kubeconfig: installation.kubeconfig, program, env });
}

async function stop(signal: NodeJS.Signals): Promise<string> {
  const stopped = operator;
  operator = undefined;
  await stopped?.stop(signal);
  return stopped?.log() ?? '';
}

async function read(namespace: string): Promise<Environment> {
  const path = pathOf(RESOURCES.environments, namespace, 'shop');
  return client.request<Environment>({ method: 'GET', path });
}

const messages = async (namespace: string) => (await read(namespace)).status?.notifications ?? [];
const condition = async (namespace: string) =>
  (await read(namespace)).status?.conditions?.find(({ type }) => type === 'NotificationsReady');

async function make(namespace: string, secrets: Record<string, Record<string, string>>, webhooks: Webhooks) {
  await ensureNamespace(client, namespace);
  for (const [name, stringData] of Object.entries(secrets))
    await create(client, RESOURCES.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace },
      stringData,
    });
  const spec: EnvironmentSpec = {
    tier: 'local',
    release: { image: 'api:1' },
    // Nothing is measured: there is nobody in the pods of a simulated cluster.
    rollout: { strategy: 'rolling', scaleDownDelay: '1s' },
    notifications: { webhooks },
  };
  await create(client, RESOURCES.environments, {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'shop', namespace },
    spec,
  });
}

type Webhooks = NonNullable<NonNullable<EnvironmentSpec['notifications']>['webhooks']>;
const SECRET = 'cryptosense-notifications';
const audit: Webhooks[number] = { name: 'audit', type: 'generic', urlSecret: { name: SECRET, key: 'audit' } };
const release = (namespace: string, image: string) =>
  mergePatch(client, RESOURCES.environments, namespace, 'shop', { spec: { release: { image } } });
const serves = (namespace: string, image: string) =>
  eventually(`${image} serves`, async () => (await read(namespace)).status?.stable?.image === image, 90_000);
const delivered = (namespace: string) =>
  eventually(
    'nobody waits for a message',
    async () => (await messages(namespace)).every(({ waiting }) => waiting === undefined),
    60_000,
  );

/** Each id once, in the order of their first arrival. */
const once = (ids: string[]) => [...new Set(ids)];

test('a message reaches Slack and a signed receiver, and a Secret that may not be read is said until it may be', async () => {
  const [own, chat] = [await new Receiver().start(), await new Receiver().start()];
  try {
    const team = { name: 'team-chat', key: 'url' };
    await make(
      'told',
      {
        [SECRET]: { audit: own.url, key: `whsec_${Buffer.alloc(32, 1).toString('base64')}` },
        [team.name]: { [team.key]: chat.url },
      },
      [
        { ...audit, signingSecret: { name: SECRET, key: 'key' } },
        { name: 'chat', type: 'slack', urlSecret: team },
      ],
    );
    await start();
    await serves('told', 'api:1');
    await own.got(1, 60_000);
    assert.equal(own.events, ['promote']);
    assert.match(String(own.received[0]?.headers['webhook-signature']), /^v1,.{44}$/);
    await eventually('the condition names the Secret', async () =>
      /^chat: the operator may not read Secret team-chat: use cryptosense-notifications, .*1 message waits/.test(
        (await condition('told'))?.message ?? '',
      ),
    );
    assert.equal(chat.received, []);

    const apiGroup = 'rbac.authorization.k8s.io';
    const metadata = { name: team.name, namespace: 'told' };
    const rules = [{ apiGroups: [''], resources: ['secrets'], resourceNames: [team.name], verbs: ['get'] }];
    const subjects = [
      { kind: 'ServiceAccount', name: 'cryptosense-operator', namespace: 'cryptosense-system' },
    ];
    const roleRef = { apiGroup, kind: 'Role', name: team.name };
    await create(client, ROLES, { apiVersion: `${apiGroup}/v1`, kind: 'Role', metadata, rules });
    await create(client, BINDINGS, {
      apiVersion: `${apiGroup}/v1`,
      kind: 'RoleBinding',
      metadata,
      subjects,
      roleRef,
    });
    await delivered('told');
    await eventually('all is well', async () => (await condition('told'))?.status === 'True');
    assert.equal(
      chat.received.map(({ body }) => violations(JSON.parse(body))),
      [[]],
    );
    assert.equal(chat.ids, own.ids);

    const log = await stop('SIGTERM');
    const { items } = await client.request<{ items: object[] }>({
      method: 'GET',
      path: '/apis/events.k8s.io/v1/namespaces/told/events',
    });
    const said = JSON.stringify([log, items, await read('told')]);
    assert.match(said, /notification delivered/);
    assert.not.match(said, /very-secret-path/);
    assert.not.match(said, /AQEBAQEB/);
  } finally {
    await stop('SIGKILL');
    await Promise.all([own.stop(), chat.stop()]);
  }
});

test('an operator that is killed between the write and the delivery is followed by one that delivers, in order and once', async () => {
  const away = await new Receiver().start();
  const { port } = away;
  await make('away', { [SECRET]: { audit: away.url } }, [audit]);
  await away.stop();
  const back = new Receiver();
  try {
    await start();
    await serves('away', 'api:1');
    await release('away', 'api:2');
    await serves('away', 'api:2');
    await stop('SIGKILL');
    const written = await messages('away');
    assert.ok(written.length >= 3 && written.every(({ waiting }) => waiting?.length === 1));
    await back.start(port);
    await start();
    await delivered('away');
    assert.equal(
      back.ids.slice(0, written.length),
      written.map(({ id }) => id),
    );
    assert.equal(once(back.ids), back.ids);
  } finally {
    await stop('SIGKILL');
    await back.stop();
  }
});

test('an operator that is killed while a receiver answers is followed by one that repeats that message under its id', async () => {
  const slow = await new Receiver().start();
  slow.reply = () => undefined;
  try {
    await make('slow', { [SECRET]: { audit: slow.url } }, [audit]);
    await start();
    await slow.got(1, 60_000);
    await stop('SIGKILL');
    slow.reply = () => ({});
    await start();
    await serves('slow', 'api:1');
    await delivered('slow');
    const [first] = slow.ids;
    assert.equal(slow.ids.slice(0, 2), [first, first]);
    assert.equal(
      once(slow.ids),
      (await messages('slow')).map(({ id }) => id),
    );
  } finally {
    await stop('SIGKILL');
    await slow.stop();
  }
});

test('an operator that is stopped in the middle of a delivery leaves nothing to repeat, and a dead receiver holds up no release', async () => {
  const [slow, dead] = [await new Receiver().start(), await new Receiver().start()];
  dead.reply = () => undefined;
  const { promise: answer, resolve } = Promise.withResolvers<void>();
  slow.reply = async (_, count) => {
    if (count === 1) await answer;
    return {};
  };
  try {
    const other: Webhooks[number] = { ...audit, name: 'dead', urlSecret: { name: SECRET, key: 'dead' } };
    await make('stopped', { [SECRET]: { audit: slow.url, dead: dead.url } }, [audit, other]);
    await start();
    await slow.got(1, 60_000);
    const stopping = stop('SIGTERM');
    setTimeout(resolve, 500);
    await stopping;
    await start();
    await serves('stopped', 'api:1');
    await release('stopped', 'api:2');
    await serves('stopped', 'api:2');
    await eventually('audit has everything', async () =>
      (await messages('stopped')).every(({ waiting }) => !waiting?.includes('audit')),
    );
    assert.equal(slow.ids, once(slow.ids));
    assert.ok(slow.events.includes('start'), slow.events.join());
  } finally {
    resolve();
    await stop('SIGKILL');
    await Promise.all([slow.stop(), dead.stop()]);
  }
});

test.run();

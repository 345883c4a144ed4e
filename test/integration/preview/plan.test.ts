import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import * as assert from 'uvu/assert';
import { stringify } from 'yaml';
import { checkout } from '../../../local/checkout.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Environment } from '../../../operator/api/resolved.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import { type KubeObject, pathOf, type Resource } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import type { Preview } from '../../../operator/preview/preview.ts';
import { auditPolicy } from '../../bench/operator/audit.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import { ensureNamespace, type Installation, install } from '../../simulated/installation.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { eventually } from '../processes.ts';

const test = suite('the preview in front of a real API server');

const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: false };
const BINDINGS: Resource = { ...RBAC, plural: 'clusterrolebindings', kind: 'ClusterRoleBinding' };
const ROLES: Resource = { ...RBAC, plural: 'clusterroles', kind: 'ClusterRole' };
const PLANNER = 'planner';
const READER = 'reader';

const folder = mkdtempSync(join(tmpdir(), 'cryptosense-plan-'));
const audit = join(folder, 'audit.log');
let cluster: SimulatedCluster;
let client: KubeClient;
let installation: Installation;
let operator: OperatorProcess;

const SPEC: EnvironmentSpec = {
  tier: 'local',
  release: { image: 'api:1' },
  rollout: { strategy: 'rolling', scaleDownDelay: '1s' },
};

test.before(async () => {
  const policy = join(folder, 'policy.json');
  writeFileSync(policy, JSON.stringify(auditPolicy([PLANNER, READER])));
  const flags = [`--audit-policy-file=${policy}`, `--audit-log-path=${audit}`];
  cluster = await startSimulatedCluster({ users: [PLANNER, READER], flags });
  client = cluster.client();
  await create(client, ROLES, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: READER },
    rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] }],
  });
  for (const [user, role] of [
    [PLANNER, 'cluster-admin'],
    [READER, READER],
  ] as const) {
    const apiGroup = 'rbac.authorization.k8s.io';
    await create(client, BINDINGS, {
      apiVersion: `${apiGroup}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: user },
      roleRef: { apiGroup, kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup, kind: 'User', name: user }],
    });
  }
  installation = await install(cluster, client, {});
  const { kubeconfig, env } = installation;
  operator = await startOperator({ kubeconfig, program: await bundleOperator(), env });
  await ensureNamespace(client, 'market');
  await create(client, RESOURCES.environments, resource('shop', SPEC));
  await atRest('shop');
});
test.after(async () => {
  await operator?.stop();
  installation?.remove();
  await client?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function resource(name: string, spec: EnvironmentSpec) {
  return { apiVersion: API_VERSION, kind: KIND, metadata: { name, namespace: 'market' }, spec };
}

async function read(name: string): Promise<Environment> {
  return client.request<Environment>({ method: 'GET', path: pathOf(RESOURCES.environments, 'market', name) });
}

const atRest = (name: string) =>
  eventually(
    `${name} is at rest`,
    async () => {
      const { status, metadata } = await read(name);
      const is = (type: string) => status?.conditions?.find((condition) => condition.type === type)?.status;
      const isSeen = status?.observedGeneration === metadata.generation;
      return isSeen && is('Ready') === 'True' && is('Reconciling') === 'False' && !status.retired;
    },
    90_000,
  );

/** The command as somebody types it. */
async function plan(file: string | object, user = PLANNER, ...more: string[]) {
  return planAs(cluster.kubeconfigFor(user), file, ...more);
}

async function planAs(kubeconfig: string, file: string | object, ...more: string[]) {
  const path = typeof file === 'string' ? file : join(folder, 'resource.yaml');
  if (typeof file !== 'string') writeFileSync(path, stringify(file));
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [join(checkout, 'cli', 'plan.ts'), '-f', path, ...more],
    { env: { KUBECONFIG: kubeconfig }, reject: false },
  );
  return { exitCode, stdout, stderr };
}

async function planned(file: object, user = PLANNER): Promise<Preview & { exitCode: number }> {
  const { stdout, stderr, exitCode } = await plan(file, user, '-o', 'json');
  assert.is(stderr, '');
  const preview = JSON.parse(stdout) as Preview & { exitCode: number };
  assert.is(preview.exitCode, exitCode);
  return preview;
}

/** What the users of the preview asked for that is no read: all of it, and what of that was not for show. */
function writes(): { all: number; real: string[] } {
  const entries = readFileSync(audit, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { verb: string; requestURI: string; user: { username: string } })
    .filter(({ verb, user }) => !['get', 'list'].includes(verb) && [PLANNER, READER].includes(user.username));
  const real = entries.filter(
    ({ requestURI }) => !new URL(requestURI, 'https://x').searchParams.getAll('dryRun').includes('All'),
  );
  return { all: entries.length, real: real.map(({ verb, requestURI }) => `${verb} ${requestURI}`) };
}

/** Version of every object of the namespace that the operator writes; those of its pods and of status are their own. */
async function generations(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const one of [
    RESOURCES.deployments,
    RESOURCES.statefulSets,
    RESOURCES.services,
    RESOURCES.configMaps,
    RESOURCES.networkPolicies,
    RESOURCES.disruptionBudgets,
    RESOURCES.autoscalers,
    RESOURCES.serviceAccounts,
  ]) {
    const path = pathOf(one, 'market');
    const { items } = await client.request<{ items: KubeObject[] }>({ method: 'GET', path });
    for (const { metadata, ...item } of items)
      if (metadata.labels?.['cryptosense.io/environment'] === 'shop')
        found.set(
          `${one.kind}/${metadata.name}`,
          JSON.stringify([metadata.uid, item.spec, (item as { data?: object }).data]),
        );
  }
  return found;
}

test('nothing is to be done for what is applied already: 0', async () => {
  const preview = await planned(resource('shop', SPEC));
  assert.equal([preview.exitCode, preview.resource, preview.changes, preview.steps], [0, [], [], []]);
  const { stdout, exitCode } = await plan(resource('shop', SPEC));
  assert.equal([stdout, exitCode], ['Environment market/shop: nothing would be changed', 0]);
});

test('a change is foreseen field by field and step by step, and what was foreseen is what then happens: 2', async () => {
  const spec: EnvironmentSpec = {
    ...SPEC,
    release: { image: 'api:2' },
    pooler: { replicas: 2, resources: { memory: '64Mi' } },
    autoscaling: { maxReplicas: 6 },
  };
  const before = await generations();
  const preview = await planned(resource('shop', spec));
  assert.is(preview.exitCode, 2);
  assert.equal(await generations(), before, 'the preview has changed something');
  const pooler = preview.changes.find(({ kind, name }) => `${kind}/${name}` === 'Deployment/shop-pooler');
  assert.equal(pooler?.replacesPods, true);
  const field = (path: string) => pooler?.fields.find((one) => one.path === path);
  assert.equal(field('spec.replicas'), { path: 'spec.replicas', from: 1, to: 2 });
  assert.is(field('spec.template.spec.containers[pooler].resources.limits.memory')?.to, '64Mi');
  assert.match(preview.steps.flatMap(({ says }) => says).join(), /api:2 gets all requests/);

  await mergePatch(client, RESOURCES.environments, 'market', 'shop', { spec });
  await eventually(
    'api:2 serves',
    async () => (await read('shop')).status?.stable?.image === 'api:2',
    90_000,
  );
  await atRest('shop');
  const after = await generations();
  const isOfRelease = (key: string) => /shop-api-[0-9a-f]{10}$/.test(key);
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => before.get(key) !== after.get(key) && !isOfRelease(key),
  );
  const foreseen = preview.changes.map(({ kind, name }) => `${kind}/${name}`);
  assert.equal(foreseen.filter((key) => after.has(key) || before.has(key)).sort(), changed.sort());
  const written = preview.steps.flatMap((step) => step.writes);
  for (const [verb, keys] of [
    ['create', [...after.keys()].filter((key) => !before.has(key))],
    ['delete', [...before.keys()].filter((key) => !after.has(key))],
  ] as const)
    for (const key of keys)
      assert.ok(
        written.some((write) => write.verb === verb && `${write.kind}/${write.name}` === key),
        `${verb} ${key} was not foreseen`,
      );
});

test('an environment that is not there yet is foreseen from its first object on', async () => {
  const preview = await planned(resource('newcomer', SPEC));
  assert.equal([preview.exitCode, preview.isNew, preview.refused, preview.isAtRest], [2, true, [], true]);
  const made = preview.changes.map(({ kind, name }) => `${kind}/${name}`);
  for (const one of [
    'Secret/newcomer-credentials',
    'StatefulSet/newcomer-database',
    'Deployment/newcomer-pooler',
  ])
    assert.ok(made.includes(one), made.join());
  assert.match(preview.steps.flatMap(({ says }) => says).join(), /api:1 is the first release/);
});

test('what is refused is refused in the words of the API server, or of the operator: 1', async () => {
  const refused = async (name: string, spec: object) => {
    const { exitCode, refused: sentences } = await planned(resource(name, spec as EnvironmentSpec));
    assert.is(exitCode, 1);
    return sentences.join('\n');
  };
  assert.match(
    await refused('shop', { ...SPEC, tier: 'staging' }),
    /spec\.tier: .*the tier cannot be changed/,
  );
  assert.match(
    await refused('shop', { ...SPEC, rollout: { progressDeadline: 'soon' } }),
    /spec\.rollout\.progressDeadline: .*a duration is written as 30s, 15m or 1h30m/,
  );
  assert.match(await refused('shop', { ...SPEC, releas: {} }), /unknown field "spec\.releas"/);
  assert.match(
    await refused('shop', { ...SPEC, autoscaling: { minReplicas: 9 } }),
    /spec\.autoscaling\.minReplicas \(9\) is above maxReplicas/,
  );
  await create(client, RESOURCES.serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'taken-api', namespace: 'market' },
  });
  assert.match(
    await refused('taken', SPEC),
    /ServiceAccount market\/taken-api is there already, and is not of this environment .*cryptosense\.io\/adopt=taken/,
  );
});

test('a person may be shown it all, or be told that they may not apply it', async () => {
  const { exitCode, stdout } = await plan(resource('shop', { ...SPEC, release: { image: 'api:9' } }), READER);
  assert.is(exitCode, 1, stdout);
  assert.match(stdout, /User "reader" cannot update resource "cryptosenseenvironments"/);
  const text = await plan(resource('shop', { ...SPEC, release: { image: 'api:9' } }));
  assert.is(text.exitCode, 2);
  assert.match(text.stdout, /spec\.release\.image: api:2 -> api:9/);
  assert.match(text.stdout, /\+0s .*2: 100 %.* api:9 \(revision 3\) is released as a rolling update/);
  assert.match(text.stdout, /nothing was written/);
});

test('a file that cannot be meant is one sentence', async () => {
  const broken = join(folder, 'broken.yaml');
  writeFileSync(broken, 'spec: [');
  assert.match((await plan(broken)).stderr, /broken\.yaml is no YAML: /);
  assert.match((await plan(join(folder, 'none.yaml'))).stderr, /none\.yaml cannot be read: ENOENT/);
  assert.match(
    (await plan({ kind: 'ConfigMap' })).stderr,
    /has no CryptoSenseEnvironment of cryptosense\.io\/v1alpha1/,
  );
  assert.match(
    (await plan(resource('shop', SPEC), PLANNER, '-o', 'xml')).stderr,
    /'-o, --output <format>' argument 'xml' is invalid\. Write text, json or yaml\./,
  );
  const lost = await planAs(join(folder, 'none.kubeconfig'), resource('shop', SPEC));
  assert.match(lost.stderr, /The cluster is not known, the kubeconfig cannot be read: /);
  assert.is(lost.exitCode, 3);
  for (const { exitCode, stderr } of [await plan(broken), await plan({ kind: 'ConfigMap' })]) {
    assert.is(exitCode, 64);
    assert.not.match(stderr, /at .*\.ts:/);
  }
});

test('in all this, nothing was written: every request that was no read was a dry run', () => {
  const { all, real } = writes();
  assert.ok(all > 40, `only ${all} dry runs were seen`);
  assert.equal(real, []);
});

test.run();

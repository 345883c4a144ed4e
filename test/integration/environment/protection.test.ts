import * as assert from 'uvu/assert';
import { renderProtection } from '../../../charts/render.ts';
import { FINALIZER, LABELS, type Manifest } from '../../../operator/api/resolved.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch, remove } from '../../../operator/kube/apply.ts';
import { answered, KubeError } from '../../../operator/kube/errors.ts';
import { pathOf, type Resource } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import { CRDS } from '../kube/things.ts';
import { eventually } from '../processes.ts';

const test = suite('deletion protection on a real control plane');

const core = (plural: string, kind: string, namespaced: boolean): Resource => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});
const NAMESPACES = core('namespaces', 'Namespace', false);
const CLAIMS = core('persistentvolumeclaims', 'PersistentVolumeClaim', true);
const admission = (plural: string, kind: string): Resource => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced: false,
});
const POLICIES: Record<string, Resource> = {
  ValidatingAdmissionPolicy: admission('validatingadmissionpolicies', 'ValidatingAdmissionPolicy'),
  ValidatingAdmissionPolicyBinding: admission(
    'validatingadmissionpolicybindings',
    'ValidatingAdmissionPolicyBinding',
  ),
};
const WAYS = ['Background', 'Foreground', 'Orphan'] as const;

let cluster: SimulatedCluster;
let client: KubeClient;

test.before(async () => {
  cluster = await startSimulatedCluster();
  client = cluster.client();
  for (const manifest of renderProtection())
    await create(client, POLICIES[manifest.kind] as Resource, manifest);
  await namespace('probe');
  await environment('probe', { tier: 'production' });
  await eventually('the policies are in force', async () => {
    const answers = await Promise.all([
      refusal(tryTo(NAMESPACES, undefined, 'probe')),
      refusal(tryTo(RESOURCES.environments, 'probe', 'shop')),
      refusal(tryTo(CRDS, undefined, CRD)),
    ]);
    return answers.every((answer) => answer !== undefined);
  });
});

test.after(async () => {
  await client?.close();
  await cluster?.stop();
});

const CRD = 'cryptosenseenvironments.cryptosense.io';

async function namespace(name: string): Promise<void> {
  await create(client, NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}

async function environment(at: string, spec: object, metadata: object = {}): Promise<void> {
  const manifest = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'shop', namespace: at, ...metadata },
    spec: { release: { image: 'api:1' }, ...spec },
  };
  await create(client, RESOURCES.environments, manifest);
}

/** What a policy said, or undefined when none said no. */
async function refusal(attempt: Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt;
    return undefined;
  } catch (error) {
    if (error instanceof KubeError && error.code === 403)
      return error.message.replace(/^.*denied request: /, '');
    throw error;
  }
}

/** A deletion that is asked for, admitted or refused, and not carried out. */
function tryTo(resource: Resource, at: string | undefined, name: string): Promise<unknown> {
  return client.request({ method: 'DELETE', path: pathOf(resource, at, name), query: { dryRun: 'All' } });
}

const isThere = async (resource: Resource, at: string | undefined, name: string) => {
  try {
    await client.request({ method: 'GET', path: pathOf(resource, at, name) });
    return true;
  } catch (error) {
    if (answered(error, 404)) return false;
    throw error;
  }
};

for (const propagationPolicy of WAYS) {
  const at = `kept-${propagationPolicy.toLowerCase()}`;
  test(`L2 ${propagationPolicy} deletion of a production environment or of its namespace is refused in a sentence`, async () => {
    await namespace(at);
    await environment(at, { tier: 'production' });
    const said = await refusal(remove(client, RESOURCES.environments, at, 'shop', { propagationPolicy }));
    assert.is(
      said,
      `environment shop is protected: set its spec.deletionProtection to false first (kubectl -n ${at} edit cse shop)`,
    );
    await eventually('the namespace is protected too', async () => {
      const answer = await refusal(tryTo(NAMESPACES, undefined, at));
      if (answer === undefined) return false;
      assert.is(
        answer,
        `namespace ${at} holds the protected environment shop: set its spec.deletionProtection to false first (kubectl -n ${at} edit cse shop)`,
      );
      return true;
    });
    assert.ok(await refusal(remove(client, NAMESPACES, undefined, at, { propagationPolicy })));
    assert.ok(await isThere(RESOURCES.environments, at, 'shop'));
  });

  test(`${propagationPolicy} deletion goes on once the protection is switched off`, async () => {
    await mergePatch(client, RESOURCES.environments, at, 'shop', { spec: { deletionProtection: false } });
    await eventually(
      'the environment may go',
      async () => !(await refusal(remove(client, RESOURCES.environments, at, 'shop', { propagationPolicy }))),
    );
    await eventually('it is gone', async () => !(await isThere(RESOURCES.environments, at, 'shop')));
    await eventually(
      'its namespace may go',
      async () => !(await refusal(remove(client, NAMESPACES, undefined, at, { propagationPolicy }))),
    );
    await eventually('it is gone', async () => !(await isThere(NAMESPACES, undefined, at)), 30_000);
  });
}

test('a collection of environments is not deleted past the protection either', async () => {
  const path = pathOf(RESOURCES.environments, 'probe');
  assert.match(
    (await refusal(client.request({ method: 'DELETE', path }))) ?? '',
    /environment shop is protected/,
  );
});

test('the tier decides when the field is absent, and the field when it is there', async () => {
  await namespace('tiers');
  const cases: [string, object, boolean][] = [
    ['production', {}, true],
    ['production', { deletionProtection: false }, false],
    ['staging', {}, false],
    ['local', { deletionProtection: true }, true],
  ];
  for (const [index, [tier, field, isKept]] of cases.entries()) {
    await environment('tiers', { tier, ...field }, { name: `e${index}` });
    const said = await refusal(tryTo(RESOURCES.environments, 'tiers', `e${index}`));
    assert.is(said !== undefined, isKept, `${tier} ${JSON.stringify(field)}`);
  }
});

test('an environment that is being deleted already may be deleted again', async () => {
  await namespace('leaving');
  await environment('leaving', { tier: 'local' }, { finalizers: [FINALIZER] });
  await remove(client, RESOURCES.environments, 'leaving', 'shop');
  await mergePatch(client, RESOURCES.environments, 'leaving', 'shop', { spec: { deletionProtection: true } });
  assert.is(await refusal(remove(client, RESOURCES.environments, 'leaving', 'shop')), undefined);
});

test('a namespace without environments, or with unprotected ones, can be deleted', async () => {
  await namespace('empty');
  await namespace('local');
  await environment('local', { tier: 'local' });
  for (const name of ['empty', 'local']) {
    assert.is(await refusal(remove(client, NAMESPACES, undefined, name)), undefined);
    await eventually(`${name} is gone`, async () => !(await isThere(NAMESPACES, undefined, name)), 30_000);
  }
});

function data(resource: Resource, name: string, owner: string): Manifest {
  const { group, version, kind } = resource;
  const specs: Record<string, object> = {
    PersistentVolumeClaim: {
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
    StatefulSet: {
      spec: {
        serviceName: name,
        replicas: 0,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: { containers: [{ name: 'a', image: 'a:1' }] },
        },
      },
    },
  };
  return {
    apiVersion: group ? `${group}/${version}` : version,
    kind,
    metadata: { name, namespace: 'probe', labels: { [LABELS.environment]: owner } },
    ...specs[kind],
  };
}

test('volumes, passwords and StatefulSets of a protected environment stay, those of others do not', async () => {
  for (const resource of [CLAIMS, RESOURCES.secrets, RESOURCES.statefulSets]) {
    for (const owner of ['shop', 'other']) {
      const name = `data-${owner}`;
      await create(client, resource, data(resource, name, owner));
      const said = await refusal(remove(client, resource, 'probe', name));
      const kept = `${resource.kind} ${name} belongs to the protected environment shop: set its spec.deletionProtection to false first (kubectl -n probe edit cse shop)`;
      assert.is(said, owner === 'shop' ? kept : undefined);
    }
  }
});

test('a CRD of the project is only deleted when it says that it may be', async () => {
  const said = await refusal(remove(client, CRDS, undefined, CRD));
  assert.match(
    said ?? '',
    /^with cryptosenseenvironments\.cryptosense\.io every CryptoSenseEnvironment of the cluster would be deleted: .*kubectl annotate crd \S+ cryptosense\.io\/allow-deletion=true first$/,
  );
  const annotations = { 'cryptosense.io/allow-deletion': 'true' };
  await mergePatch(client, CRDS, undefined, CRD, { metadata: { annotations } });
  assert.is(await refusal(tryTo(CRDS, undefined, CRD)), undefined);
  assert.is(await refusal(tryTo(CRDS, undefined, 'gateways.gateway.networking.k8s.io')), undefined);
});

test('A9 who gives a command is who he says he is', async () => {
  await namespace('asked');
  await environment('asked', { tier: 'local' });
  const review = await client.request<{ status: { userInfo: { username: string } } }>({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  const { username } = review.status.userInfo;
  const annotate = (annotations: Record<string, string | null>) =>
    refusal(mergePatch(client, RESOURCES.environments, 'asked', 'shop', { metadata: { annotations } }));
  const by = 'cryptosense.io/asked-by';
  const said = await annotate({ 'cryptosense.io/abort': '1-x', [by]: 'alice' });
  assert.ok(said?.includes(`write your own name there, ${username}, or leave it out`), said);
  assert.is(await annotate({ 'cryptosense.io/abort': '1-x' }), undefined);
  assert.is(await annotate({ 'cryptosense.io/abort': '1-y', [by]: username }), undefined);
  // Others may write other things meanwhile, and the operator takes both away.
  assert.is(await annotate({ team: 'market' }), undefined);
  assert.is(await annotate({ 'cryptosense.io/abort': null, [by]: null }), undefined);
  await mergePatch(client, RESOURCES.environments, 'asked', 'shop', { metadata: { finalizers: [] } });
});

test('without the CRD no namespace is kept, and nobody else is in the way', async () => {
  await mergePatch(client, RESOURCES.environments, 'leaving', 'shop', { metadata: { finalizers: [] } });
  await namespace('later');
  for (const name of ['probe', 'tiers']) {
    const { items } = await client.request<{ items: { metadata: { name: string } }[] }>({
      method: 'GET',
      path: pathOf(RESOURCES.environments, name),
    });
    for (const { metadata } of items)
      await mergePatch(client, RESOURCES.environments, name, metadata.name, {
        spec: { deletionProtection: false },
      });
  }
  await remove(client, CRDS, undefined, CRD);
  await eventually('the CRD is gone', async () => !(await isThere(CRDS, undefined, CRD)), 30_000);
  assert.is(await refusal(remove(client, NAMESPACES, undefined, 'later')), undefined);
});

test.run();

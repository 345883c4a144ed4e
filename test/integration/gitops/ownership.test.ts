import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, not } from 'uvu/assert';
import { customResourceDefinitions } from '../../../operator/api/crd.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { MANAGER } from '../../../operator/api/resolved.ts';
import type { EnvironmentStatus } from '../../../operator/api/status.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch, serverSideApply } from '../../../operator/kube/apply.ts';
import { answered } from '../../../operator/kube/errors.ts';
import { type KubeObject, type Manifest, pathOf } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { type ApiServer, startApiServer } from '../apiserver.ts';
import { CRDS, refusedWith } from '../kube/things.ts';
import { eventually } from '../processes.ts';

const test = suite('A Git tool, the autoscaler and the operator on one environment');

/** The names under which Argo CD and Flux apply. */
const TOOLS = ['argocd-controller', 'kustomize-controller'];
/** What development has when neither Git nor the autoscaler says anything. */
const FLOOR = 1;

interface Live extends KubeObject {
  spec: EnvironmentSpec;
  status?: EnvironmentStatus;
}

let server: ApiServer;
let client: KubeClient;
let operator: OperatorProcess;
let folder: string;

test.before(async () => {
  const program = await bundleOperator();
  server = await startApiServer();
  client = server.client();
  for (const definition of customResourceDefinitions())
    await create(client, CRDS, definition as unknown as Manifest);
  await eventually('environments are served', async () => {
    try {
      await client.request({ method: 'GET', path: pathOf(RESOURCES.environments, 'default') });
      return true;
    } catch (error) {
      if (answered(error, 404)) return false;
      throw error;
    }
  });
  folder = mkdtempSync(join(tmpdir(), 'cryptosense-gitops-'));
  const kubeconfig = join(folder, 'kubeconfig.json');
  writeFileSync(kubeconfig, server.configFor('admin').exportConfig(), { mode: 0o600 });
  operator = await startOperator({ kubeconfig, program });
});

test.after(async () => {
  await operator?.stop();
  await client?.close();
  await server?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const get = (name: string) =>
  client.request<Live>({ method: 'GET', path: pathOf(RESOURCES.environments, 'default', name) });

/** What is in Git: nothing of replicas, unless `spec` has them. */
const inGit = (name: string, spec: Partial<EnvironmentSpec> = {}): Manifest =>
  ({
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name, namespace: 'default', labels: { team: 'prices' } },
    spec: { tier: 'development', release: { image: 'api:1' }, ...spec },
  }) as Manifest;

const apply = (manifest: Manifest, fieldManager: string, force = false) =>
  serverSideApply(client, RESOURCES.environments, manifest, { fieldManager, force }) as Promise<Live>;

/** The autoscaler's write, through the subresource. */
const scale = (name: string, replicas: number) =>
  mergePatch(
    client,
    RESOURCES.environments,
    'default',
    name,
    { spec: { replicas } },
    { fieldManager: 'kube-controller-manager', subresource: 'scale' },
  );

/** The operator has done what it can: without a controller manager no pod ever comes. */
async function taken(name: string): Promise<Live> {
  await eventually('the operator has seen the newest spec and says so', async () => {
    const { metadata, spec, status } = await get(name);
    return status?.observedGeneration === metadata.generation && spec.replicas !== undefined;
  });
  return get(name);
}

const managers = (live: Live, field: RegExp) =>
  (
    (live.metadata as { managedFields?: { manager: string; subresource?: string; fieldsV1: object }[] })
      .managedFields ?? []
  )
    .filter(({ fieldsV1 }) => field.test(JSON.stringify(fieldsV1)))
    .map(({ manager }) => manager);

/** What a tool shows as a difference: everything that an apply would change, tried without doing it. */
async function drift(manifest: Manifest, fieldManager: string): Promise<unknown[]> {
  const tried = await client.request<Live>({
    method: 'PATCH',
    path: pathOf(RESOURCES.environments, 'default', manifest.metadata.name),
    query: { fieldManager, force: true, dryRun: 'All' },
    contentType: 'application/apply-patch+yaml',
    body: manifest,
  });
  const [is_, would] = [desired(await get(manifest.metadata.name)), desired(tried)];
  return JSON.stringify(is_) === JSON.stringify(would) ? [] : [is_, would];
}

/** Without the status, which the operator may write in between and an apply cannot touch. */
function desired({ metadata, spec }: Live): unknown {
  const { managedFields: _, resourceVersion: __, ...kept } = metadata as unknown as Record<string, unknown>;
  return sorted({ metadata: kept, spec });
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

for (const tool of TOOLS) {
  const name = tool.startsWith('argocd') ? 'argo' : 'flux';

  test(`L6 ${tool}: what the operator and the autoscaler write stays through every apply, without conflict or drift`, async () => {
    const first = await apply(inGit(name), tool);
    // The API server's default: a tool that waits does not take the new environment for done.
    is(first.status?.observedGeneration, -1);
    const begun = await taken(name);
    is(begun.spec.replicas, FLOOR);
    equal(begun.metadata.finalizers, ['cryptosense.io/environment']);
    equal(managers(begun, /f:replicas/), [MANAGER, MANAGER]);
    equal(await drift(inGit(name), tool), []);

    await scale(name, 3);
    await taken(name);
    await mergePatch(client, RESOURCES.environments, 'default', name, {
      metadata: { annotations: { 'cryptosense.io/refresh': 'today' } },
    });
    equal(await drift(inGit(name), tool), []);
    const before = await taken(name);
    const again = await apply(inGit(name), tool);
    is(again.metadata.generation, before.metadata.generation, 'an apply of the same changes nothing');

    await apply(inGit(name, { release: { image: 'api:2' } }), tool);
    const { spec, metadata, status } = await taken(name);
    equal([spec.release.image, spec.replicas], ['api:2', 3]);
    equal(metadata.finalizers, ['cryptosense.io/environment']);
    is(metadata.annotations?.['cryptosense.io/refresh'], 'today');
    is(status?.observedGeneration, metadata.generation);
    equal(managers(await get(name), /f:replicas/).includes(tool), false);
  });
}

test('replicas in Git are in conflict with the autoscaler, and with force they undo what it did', async () => {
  await apply(inGit('fixed', { replicas: 2 }), 'kustomize-controller');
  await taken('fixed');
  await scale('fixed', 4);
  const said = await refusedWith(409, apply(inGit('fixed', { replicas: 2 }), 'kustomize-controller'));
  match(said, /conflict with "kube-controller-manager"[^:]*with subresource "scale"[^:]*: \.spec\.replicas/);
  not.equal(await drift(inGit('fixed', { replicas: 2 }), 'kustomize-controller'), []);
  const forced = await apply(inGit('fixed', { replicas: 2 }), 'kustomize-controller', true);
  is(forced.spec.replicas, 2);
});

test('replicas that are taken out of Git stay when the autoscaler wrote them last, and start from the floor otherwise', async () => {
  await apply(inGit('freed', { replicas: 2 }), 'kustomize-controller');
  await taken('freed');
  await scale('freed', 4);
  await apply(inGit('freed'), 'kustomize-controller');
  is((await taken('freed')).spec.replicas, 4);

  await apply(inGit('bare', { replicas: 2 }), 'kustomize-controller');
  await taken('bare');
  await apply(inGit('bare'), 'kustomize-controller');
  is((await taken('bare')).spec.replicas, FLOOR);
});

test.run();

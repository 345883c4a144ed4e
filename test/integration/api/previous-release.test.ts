import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import { parse, parseAllDocuments } from 'yaml';
import { customResourceDefinitions } from '../../../operator/api/crd.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { mergePatch, create as post, serverSideApply } from '../../../operator/kube/apply.ts';
import { KubeError } from '../../../operator/kube/errors.ts';
import { type KubeObject, type Manifest, pathOf } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type ApiServer, startApiServer } from '../apiserver.ts';
import { CRDS, refusedWith } from '../kube/things.ts';
import { eventually } from '../processes.ts';

const test = suite('From the previous release and back, at a real API server');

const folder = join(import.meta.dirname, '../../unit/api/previous-release');
const text = (file: string) => readFileSync(join(folder, file), 'utf8');
const older = parse(text('cryptosense.io_cryptosenseenvironments.yaml')) as Manifest;
const newer = customResourceDefinitions().find(({ spec }) => spec.names.kind === KIND) as unknown as Manifest;
const examples = parseAllDocuments(text('examples.yaml')).map((document) => document.toJS() as Manifest);

/** Sizes without a unit, which the previous release took. */
const careless: Manifest = {
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name: 'careless' },
  spec: {
    tier: 'local',
    release: { image: 'api:1' },
    api: { resources: { memory: '512m' } },
    database: { storage: 20 },
  },
} as Manifest;

let server: ApiServer;
let client: KubeClient;

const create = ({ metadata, ...manifest }: Manifest) =>
  post(client, RESOURCES.environments, {
    ...manifest,
    metadata: { name: metadata.name, namespace: 'default' },
  } as Manifest);
const get = (name: string) =>
  client.request<KubeObject>({ method: 'GET', path: pathOf(RESOURCES.environments, 'default', name) });
const patch = (name: string, body: object) =>
  mergePatch(client, RESOURCES.environments, 'default', name, body);
const patchStatus = (name: string, status: object) =>
  mergePatch(client, RESOURCES.environments, 'default', name, { status }, { subresource: 'status' });
const isPaused = async (name: string) => ((await get(name)).spec as { paused?: boolean }).paused;

/** Resolves when the server answers by this definition: until then it takes and gives what the one before knew. */
async function define(definition: Manifest, knows: 'newer' | 'older'): Promise<void> {
  await serverSideApply(client, CRDS, definition, { fieldManager: 'kubectl', force: true });
  await eventually(`the ${knows} type is served`, async () => {
    try {
      const probe = {
        ...careless,
        metadata: { name: 'probe' },
        spec: { tier: 'local', release: { image: 'a:1' }, paused: true },
      };
      const answer = await client.request<KubeObject & { spec: { paused?: boolean } }>({
        method: 'POST',
        path: pathOf(RESOURCES.environments, 'default'),
        query: { dryRun: 'All' },
        body: probe,
      });
      return (answer.spec.paused === true) === (knows === 'newer');
    } catch (error) {
      if (error instanceof KubeError && error.code === 404) return false;
      throw error;
    }
  });
}

let written: KubeObject[] = [];

test.before(async () => {
  server = await startApiServer();
  client = server.client();
  await define(older, 'older');
  written = [];
  for (const manifest of [...examples, careless]) written.push(await create(manifest));
  await patchStatus('production', { summary: 'serves', observedGeneration: 1 });
  written = await Promise.all(written.map(({ metadata }) => get(metadata.name)));
  await define(newer, 'newer');
});

test.after(async () => {
  await client?.close();
  await server?.stop();
});

test('what was stored under the older type reads the same under the newer one', async () => {
  equal(examples.length, 4);
  for (const { metadata, ...before } of written) {
    const { metadata: now, ...after } = await get(metadata.name);
    // The newer type has a status for what no operator has looked at.
    equal(after, { status: { observedGeneration: -1 }, ...before }, metadata.name);
    equal([now.generation, now.resourceVersion], [metadata.generation, metadata.resourceVersion]);
  }
});

test('a size without a unit stays and everything else can be changed, but it is not taken anew', async () => {
  const changed = await patch('careless', {
    metadata: { labels: { seen: 'yes' } },
    spec: { release: { image: 'api:2' }, pooler: { replicas: 2 } },
  });
  equal((changed.spec as { api: unknown }).api, { resources: { memory: '512m' } });
  match(
    await refusedWith(422, patch('careless', { spec: { api: { resources: { memory: '600m' } } } })),
    /with a unit/,
  );
  match(await refusedWith(422, create({ ...careless, metadata: { name: 'another' } })), /with a unit/);
  // 20 bytes have never been a volume: going up to a real size is a growth, and allowed.
  await patch('careless', {
    spec: { api: { resources: { memory: '512Mi' } }, database: { storage: '20Gi' } },
  });
});

test('back at the older type everything is served; a newer field is shown no more, and gone with the next write of any kind', async () => {
  for (const name of ['staging', 'local', 'development']) await patch(name, { spec: { paused: true } });
  const { spec } = await get('staging');
  await define(older, 'older');
  for (const { metadata } of written) await get(metadata.name);
  is(await isPaused('staging'), undefined, 'shown by the older type');
  await patch('local', { spec: { release: { image: 'api:3' } } });
  await patchStatus('development', { summary: 'seen by the older operator' });

  await define(newer, 'newer');
  is(await isPaused('local'), undefined, 'kept through a write of the spec');
  is(await isPaused('development'), undefined, 'kept through a write of the status');
  equal((await get('staging')).spec, spec, 'lost although nothing was written');
});

test.run();

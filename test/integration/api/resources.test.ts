import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, instance, is, match, ok } from 'uvu/assert';
import { parse } from 'yaml';
import { customResourceDefinitions, type Schema } from '../../../operator/api/crd.ts';
import { API_VERSION } from '../../../operator/api/well-known.ts';
import { KubeError } from '../../../operator/kube/errors.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type ApiServer, startApiServer } from '../apiserver.ts';
import { eventually } from '../processes.ts';
import type { Refused } from './refused.ts';
import { REFUSED } from './wrong-resources.ts';

const test = suite('The resources at a real API server');
const crds = customResourceDefinitions();
const examples = join(import.meta.dirname, '../../../examples');

let server: ApiServer;
let client: KubeClient;
/** What the API server has said, by the name of the wrong resource. */
const answers = new Map<string, string>();

const folderOf = (kind: string, namespace = 'default') => {
  const plural = crds.find(({ spec }) => spec.names.kind === kind)?.spec.names.plural;
  return `/apis/${API_VERSION}/namespaces/${namespace}/${plural}`;
};

test.before(async () => {
  server = await startApiServer();
  client = server.client();
  for (const crd of crds)
    await client.request({
      method: 'POST',
      path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      body: crd,
    });
  for (const { spec } of crds)
    await eventually(`${spec.names.kind} is served`, () =>
      client.request({ method: 'GET', path: folderOf(spec.names.kind) }).then(
        () => true,
        () => false,
      ),
    );
});

test.after(async () => {
  await client?.close();
  await server?.stop();
});

interface Written {
  metadata: { name: string; namespace?: string; resourceVersion?: string };
}

function create(kind: string, resource: Written, dryRun: boolean): Promise<Written> {
  return client.request({
    method: 'POST',
    path: folderOf(kind, resource.metadata.namespace),
    query: { fieldValidation: 'Strict', ...(dryRun ? { dryRun: 'All' } : {}) },
    body: { apiVersion: API_VERSION, kind, ...resource },
  });
}

async function replace(kind: string, resource: Written, before: Written): Promise<unknown> {
  const { name } = resource.metadata;
  const { resourceVersion = '' } = (await create(kind, before, false)).metadata;
  return client.request({
    method: 'PUT',
    path: `${folderOf(kind)}/${name}`,
    query: { fieldValidation: 'Strict' },
    body: { apiVersion: API_VERSION, kind, ...resource, metadata: { name, resourceVersion } },
  });
}

async function refusal({ kind, resource, before }: Refused): Promise<string> {
  try {
    await (before ? replace(kind, resource, before) : create(kind, resource, true));
  } catch (error) {
    instance(error, KubeError);
    return (error as KubeError).message;
  }
  throw new Error('It was accepted.');
}

for (const path of globSync('**/*.yaml', { cwd: examples }).sort()) {
  test(`takes examples/${path}, with no field that it does not know`, async () => {
    const { kind, ...resource } = parse(readFileSync(join(examples, path), 'utf8'));
    const { namespace } = resource.metadata;
    if (namespace)
      await client
        .request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } })
        .catch((error: KubeError) => is(error.code, 409));
    const written = await create(kind, resource, true);
    is(written.metadata.name, resource.metadata.name);
  });
}

for (const wrong of REFUSED) {
  test(`refuses with a sentence: ${wrong.name}`, async () => {
    const said = await refusal(wrong);
    answers.set(wrong.name, said);
    if (typeof wrong.sentence === 'string') ok(said.includes(wrong.sentence), said);
    else match(said, wrong.sentence);
  });
}

test('every rule of the schemas was broken by one of them, and its whole sentence was the answer', () => {
  const all = [...answers.values()];
  const silent = sentences(crds).filter((sentence) => !all.some((said) => said.includes(sentence)));
  equal(silent, []);
});

/** The sentence of every rule that is somewhere in `value`. */
function sentences(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = ((value as Schema)['x-kubernetes-validations'] ?? []) as { message: string }[];
  return [...own.map(({ message }) => message), ...Object.values(value).flatMap(sentences)];
}

test.run();

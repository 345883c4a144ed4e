import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match, ok } from 'uvu/assert';
import { checkout } from '../../../local/checkout.ts';
import { kubernetesBinaries } from '../../../local/node/binaries.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { EnvironmentStatus } from '../../../operator/api/status.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import { type KubeObject, pathOf } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { eventually } from '../processes.ts';
import { Script } from './script.ts';

const test = suite('A pipeline asks for a release, and waits for it');
const PIPELINE = 'pipeline';
const path = pathOf(RESOURCES.environments, 'default', 'shop');
let cluster: SimulatedCluster;
let client: KubeClient;
let operator: OperatorProcess;
let kubectlFolder: string;

test.before(async () => {
  kubectlFolder = await kubernetesBinaries((line) => console.log(line));
  cluster = await startSimulatedCluster({ users: [PIPELINE] });
  client = cluster.client();
  operator = await startOperator({ kubeconfig: cluster.kubeconfig, program: await bundleOperator() });
  kubectl('admin', ['apply', '-f', '-'], documentedRole());
  const subject = ['--role=cryptosense-release', `--user=${PIPELINE}`];
  kubectl('admin', ['create', 'rolebinding', PIPELINE, ...subject]);
  const spec: EnvironmentSpec = {
    tier: 'local',
    release: { image: 'cryptosense-api:1.0.0' },
    rollout: { canary: { steps: [{ weight: 10 }, { pause: 'untilPromoted' }, { weight: 100 }] } },
  };
  await create(client, RESOURCES.environments, {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'shop', namespace: 'default' },
    spec,
  });
});
test.after(async () => {
  await operator?.stop();
  await client?.close();
  await cluster?.stop();
});

/** The rights that the page about pipelines shows, and no others. */
function documentedRole(): string {
  const page = readFileSync(join(checkout, 'docs/pipelines.md'), 'utf8');
  const role = page.match(/```yaml\n(apiVersion: rbac[\s\S]*?)```/)?.[1];
  ok(role, 'docs/pipelines.md shows no Role');
  return role ?? '';
}

function kubectl(user: string, args: string[], input = ''): { status: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync(join(kubectlFolder, 'kubectl'), args, {
    env: { KUBECONFIG: cluster.kubeconfigFor(user), HOME: tmpdir() },
    input,
    encoding: 'utf8',
  });
  if (user === 'admin') is(status, 0, stderr);
  return { status, out: stdout + stderr };
}

function release(image: string, minutes = '2', name = 'shop'): Script {
  const args = ['--name', name, '--namespace', 'default', '--image', image, '--minutes', minutes];
  const env = { KUBECONFIG: cluster.kubeconfigFor(PIPELINE) };
  return new Script('release.ts', args, { env, path: [kubectlFolder] });
}

const statusNow = async () =>
  ((await client.request<KubeObject>({ method: 'GET', path })).status ?? {}) as EnvironmentStatus;

/** Gives the candidate with this image a command, once it has come to its pause. */
async function command(verb: string, image: string): Promise<void> {
  let candidate: EnvironmentStatus['candidate'];
  await eventually(
    `${image} waits for somebody`,
    async () => {
      candidate = (await statusNow()).candidate;
      return candidate?.image === image && candidate.step === 1;
    },
    60_000,
  );
  const annotations = { [`cryptosense.io/${verb}`]: `${candidate?.number}-${candidate?.revision}` };
  await mergePatch(client, RESOURCES.environments, 'default', 'shop', { metadata: { annotations } });
}

test('the first release, and a canary that somebody promotes', async () => {
  const first = await release('cryptosense-api:1.0.0').ended();
  equal([first.code, first.err], [0, ''], operator.log());
  const script = release('cryptosense-api:1.1.0');
  await command('promote-full', 'cryptosense-api:1.1.0');
  const { code, out, err, outputs } = await script.ended();
  equal([code, err], [0, ''], operator.log());
  equal(outputs, { result: 'cryptosense-api:1.1.0 serves.' });
  // It has shown what the operator said on the way.
  match(out, /cryptosense-api:1\.1\.0.*10 %/);
  is((await statusNow()).stable?.image, 'cryptosense-api:1.1.0');
});

test('a release that is there already is a success at once', async () => {
  is((await release('cryptosense-api:1.1.0', '1').ended()).code, 0);
});

test('a release that is taken back fails with the reason, and so does the same one again', async () => {
  const script = release('cryptosense-api:1.2.0');
  await command('abort', 'cryptosense-api:1.2.0');
  const { code, err, outputs } = await script.ended();
  is(code, 1);
  match(err, /^cryptosense-api:1\.2\.0 was not released: It was rolled back: .+\n$/);
  match(outputs.result ?? '', /^It was rolled back: /);
  match((await release('cryptosense-api:1.2.0').ended()).err, /was not released: It was rolled back/);
});

test('a spec that cannot be carried out fails with what to do', async () => {
  const config = { DATABASE_POOL_SIZE: 'ten' };
  await mergePatch(client, RESOURCES.environments, 'default', 'shop', { spec: { release: { config } } });
  const { code, err } = await release('cryptosense-api:1.3.0').ended();
  is(code, 1);
  match(err, /was not released: .*DATABASE_POOL_SIZE is ten: write a whole number/);
  await mergePatch(client, RESOURCES.environments, 'default', 'shop', {
    spec: { release: { config: { DATABASE_POOL_SIZE: null } } },
  });
});

test('the time being over is a sentence of its own, and the release goes on', async () => {
  const { code, err } = await release('cryptosense-api:1.4.0', '0.1').ended();
  is(code, 1);
  match(err, /^cryptosense-api:1\.4\.0 is not there after 0\.1 minutes; last seen: .+ kubectl get cse shop/);
  await command('abort', 'cryptosense-api:1.4.0');
});

test('somebody else asking for another release ends the wait', async () => {
  const script = release('cryptosense-api:1.5.0');
  await eventually('it is asked for', async () => script.printed.includes('is asked for'));
  await mergePatch(client, RESOURCES.environments, 'default', 'shop', {
    spec: { release: { image: 'cryptosense-api:1.1.0' } },
  });
  const { code, err } = await script.ended();
  is(code, 1);
  match(err, /Somebody else asked for cryptosense-api:1\.1\.0/);
});

test("what is not there, and what is not permitted, is said in kubectl's words", async () => {
  const { code, err } = await release('cryptosense-api:1.1.0', '1', 'other').ended();
  is(code, 1);
  match(err, /^Error from server \(Forbidden\): .*"other" is forbidden/);
  const script = new Script('release.ts', ['--name', 'shop'], { path: [kubectlFolder] });
  match((await script.ended()).err, /^Usage: /);
});

test('the documented rights are enough for it, and for no more', () => {
  const may = (verb: string, what: string) => kubectl(PIPELINE, ['auth', 'can-i', verb, what]).out.trim();
  const environments = 'cryptosenseenvironments.cryptosense.io';
  is(may('patch', `${environments}/shop`), 'yes');
  for (const [verb, what] of [
    ['delete', `${environments}/shop`],
    ['create', environments],
    ['get', 'secrets'],
    ['list', 'pods'],
  ] as const)
    is(may(verb, what), 'no', `${verb} ${what}`);
});

test.run();

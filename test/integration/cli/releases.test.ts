import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { execa } from 'execa';
import { equal, is, match, not, ok } from 'uvu/assert';
import { buildPlugin } from '../../../cli/build.ts';
import type { HistoryEntry } from '../../../cli/rollout/history.ts';
import type { RolloutView } from '../../../cli/rollout/view.ts';
import type { Part } from '../../../cli/status/node.ts';
import { kubernetesBinaries } from '../../../local/node/binaries.ts';
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
import { eventually } from '../processes.ts';
import { cryptosense } from './shell.ts';

const test = suite('kubectl cryptosense in front of a real API server');

const READER = 'reader';
const STRANGER = 'stranger';
const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1' };
const ROLES: Resource = { ...RBAC, plural: 'roles', kind: 'Role', namespaced: true };
const BINDINGS: Resource = { ...RBAC, plural: 'rolebindings', kind: 'RoleBinding', namespaced: true };
const SPEC: EnvironmentSpec = {
  tier: 'local',
  release: { image: 'api:1' },
  rollout: {
    canary: {
      steps: [{ weight: 10 }, { pause: 'untilPromoted' }, { weight: 100 }],
      // Nothing can be measured at pods that are pretended: after a minute of that a release is rolled back.
      analysis: { preset: 'none' },
    },
    scaleDownDelay: '1s',
  },
};

const folder = mkdtempSync(join(tmpdir(), 'cryptosense-cli-'));
let cluster: SimulatedCluster;
let client: KubeClient;
let installation: Installation;
let operator: OperatorProcess;

test.before(async () => {
  cluster = await startSimulatedCluster({ users: [READER, STRANGER] });
  client = cluster.client();
  installation = await install(cluster, client, {});
  const { kubeconfig, env } = installation;
  operator = await startOperator({ kubeconfig, program: await bundleOperator(), env });
  await ensureNamespace(client, 'market');
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const metadata = { name: READER, namespace: 'market' };
  const rules = [{ apiGroups: ['cryptosense.io'], resources: ['*'], verbs: ['get', 'list', 'watch'] }];
  await create(client, ROLES, { apiVersion, kind: 'Role', metadata, rules });
  await create(client, BINDINGS, {
    apiVersion,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: RBAC.group, kind: 'Role', name: READER },
    subjects: [{ apiGroup: RBAC.group, kind: 'User', name: READER }],
  });
  await create(client, RESOURCES.environments, {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'shop', namespace: 'market' },
    spec: SPEC,
  });
  await serves('api:1');
});
test.after(async () => {
  await operator?.stop();
  installation?.remove();
  await client?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const cs = (...args: string[]) => cryptosense(cluster.kubeconfig, '-n', 'market', ...args);

async function json<T>(...args: string[]): Promise<T> {
  const { stdout } = await cs(...args, '-o', 'json');
  return JSON.parse(stdout) as T;
}

async function read(): Promise<Environment> {
  return client.request<Environment>({
    method: 'GET',
    path: pathOf(RESOURCES.environments, 'market', 'shop'),
  });
}

const serves = (image: string) =>
  eventually(
    `${image} serves`,
    async () => {
      const { status } = await read();
      const is = (type: string) => status?.conditions?.find((condition) => condition.type === type)?.status;
      return (
        status?.stable?.image === image &&
        !status.candidate &&
        is('Ready') === 'True' &&
        is('Reconciling') === 'False'
      );
    },
    90_000,
  );

async function release(image: string): Promise<void> {
  await mergePatch(client, RESOURCES.environments, 'market', 'shop', { spec: { release: { image } } });
  await eventually(
    `${image} waits to be promoted`,
    async () => {
      const { candidate } = (await read()).status ?? {};
      return candidate?.image === image && candidate.step === 1;
    },
    60_000,
  );
}

test('status is a tree of what is really there, for people and for programs', async () => {
  const { stdout, exitCode } = await cs('status', 'shop');
  is(exitCode, 0, stdout);
  match(stdout, /^● market\/shop {2}tier local, api:1 serves/);
  const tree = await json<Part>('status', 'shop');
  const { items } = await client.request<{ items: { metadata: { name: string } }[] }>({
    method: 'GET',
    path: pathOf(RESOURCES.pods, 'market'),
    query: { labelSelector: 'cryptosense.io/environment=shop' },
  });
  const pods = (part: Part): string[] => [
    ...(part.role === 'pod' ? [part.name] : []),
    ...part.parts.flatMap(pods),
  ];
  const running = items.map(({ metadata }) => metadata.name).filter((name) => !name.includes('-migrate-'));
  equal(pods(tree).sort(), running.sort());
  is((await cs('status', 'shop', '-o', 'yaml')).stdout.split('\n')[0], 'role: environment');
  is(stripVTControlCharacters(stdout), stdout, 'a pipe gets no colours');
});

test('a release is watched, held, promoted and refused, with the operator’s words and exit codes', async () => {
  await release('api:2');
  const watched = cs('rollout', 'status', 'shop', '--watch', '--timeout', '100s', '-o', 'json');
  is((await cs('rollout', 'status')).exitCode, 6, 'under way');
  const [entry] = await json<HistoryEntry[]>('history');
  equal([entry?.image, entry?.outcome], ['api:2', 'is tried']);
  const held = await cs('pause', '--yes');
  equal([held.exitCode, held.stdout], [0, '✓ Canary api:2 is held where it is.'], held.stderr);
  is((await cs('resume', '--yes')).exitCode, 0);
  const wrong = await cs('promote', '--release', 'api:1');
  equal([wrong.exitCode, wrong.stdout], [1, '']);
  match(wrong.stderr, /promote was refused: the release that is being tried is 2-[0-9a-f]{10} \(api:2\)\./);
  const nobody = await cs('promote');
  is(nobody.exitCode, 64);
  match(nobody.stderr, /Nobody can be asked here: add --yes if that is meant\./);
  is((await read()).status?.candidate?.step, 1, 'nothing was promoted without a yes');
  const promoted = await cs('promote', '--yes', '--watch');
  equal([promoted.exitCode, promoted.stderr], [0, ''], promoted.stdout);
  match(promoted.stdout, /✓ api:2 is promoted to step 3 of 3\.[\s\S]*api:2 \(2-[0-9a-f]{10}\) serves\./);
  is((await read()).status?.lastCommand?.by, 'admin');
  const { stdout, exitCode } = await watched;
  const views = stdout.split('\n').map((line) => JSON.parse(line) as RolloutView);
  is(exitCode, 0, stdout);
  equal(views.at(-1)?.end?.outcome, 'serves');
  ok(
    views.some(({ candidate }) => candidate?.weight === 10),
    'the weights were seen',
  );
  await serves('api:2');
});

test('an abort ends a watched release with 1, a retry and an undo follow it to its end', async () => {
  await release('api:3');
  const watched = cs('rollout', 'status', '-w', '--timeout', '100s');
  is((await cs('abort', '--yes')).exitCode, 0);
  const { exitCode, stdout } = await watched;
  is(exitCode, 1, stdout);
  match(stdout, /api:3 was rolled back \(Aborted\): it was aborted by command\. api:2 serves\./);
  is((await cs('rollout', 'status')).exitCode, 1);
  const retried = await cs('retry', '--yes');
  is(retried.exitCode, 0, retried.stderr);
  await eventually('it is tried again', async () => (await read()).status?.candidate?.step === 1, 60_000);
  is((await cs('promote-full', '--yes', '--watch')).exitCode, 0);
  await serves('api:3');
  const undone = await cs('undo', '--yes', '--watch');
  is(undone.exitCode, 0, undone.stderr + undone.stdout);
  match(undone.stdout, /back to api:2 \(revision 2\)[\s\S]*api:2 serves: it was gone back to by command/);
  const again = await cs('undo', '--release', 'api:2');
  match(again.stderr, /undo was refused: it serves already\./);
});

test('who may not, or asks for what is not there, is told so in one sentence', async () => {
  const reader = (...args: string[]) => cryptosense(cluster.kubeconfigFor(READER), '-n', 'market', ...args);
  const partial = await reader('status', 'shop');
  is(partial.exitCode, 0, partial.stderr);
  match(partial.stdout, /Not shown, because you may not list them: .*pods/);
  const refused = await reader('restart', '--yes');
  is(refused.exitCode, 4);
  match(refused.stderr, /You may not do this: .*User "reader" cannot patch/);
  is((await cryptosense(cluster.kubeconfigFor(STRANGER), '-n', 'market', 'status')).exitCode, 4);
  const missing = await cs('status', 'shp');
  equal(
    [missing.exitCode, missing.stderr],
    [5, '✗ There is no environment shp in namespace market. Did you mean shop?'],
  );
  const elsewhere = await cryptosense(cluster.kubeconfig, 'history', 'shop');
  match(elsewhere.stderr, /no environment shop in namespace default\. There is one in market: add -n\./);
  const typed = await cs('stats');
  is(typed.exitCode, 64);
  match(typed.stderr, /Did you mean status\?/);
  const lost = await cryptosense(join(folder, 'none'), 'status');
  is(lost.exitCode, 3);
  const dead = join(folder, 'dead');
  writeFileSync(
    dead,
    JSON.stringify({
      'current-context': 'x',
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
      clusters: [{ name: 'x', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'x', user: {} }],
    }),
  );
  const unreachable = await cryptosense(dead, 'status');
  is(unreachable.exitCode, 3);
  match(
    unreachable.stderr,
    /^✗ No cluster answers at https:\/\/127\.0\.0\.1:1 \(context x\): .*ECONNREFUSED/,
  );
  for (const { stderr } of [refused, missing, lost, unreachable]) {
    is(stderr.split('\n').length, 1, stderr);
    not.match(stderr, /\bat .*\.ts:/);
  }
});

test('the one bundled file is a plug-in of kubectl, and kubectl completes its words', async () => {
  const { plugin } = await buildPlugin(folder);
  // Nothing of the project is near: it needs nothing but Node.
  equal(readdirSync(folder).includes('node_modules'), false);
  const program = join(await kubernetesBinaries(console.log), 'kubectl');
  const PATH = [dirname(plugin), dirname(process.execPath), process.env.PATH].join(delimiter);
  const env = { KUBECONFIG: cluster.kubeconfig, PATH };
  const { stdout } = await execa(program, ['cryptosense', '-n', 'market', 'history', '-o', 'json'], { env });
  ok((JSON.parse(stdout) as HistoryEntry[]).length >= 3);
  const { stdout: words } = await execa(
    program,
    ['__complete', 'cryptosense', '-n', 'market', 'status', 's'],
    { env },
  );
  match(words, /^shop$/m);
});

const SHELLS = {
  bash: `COMP_WORDS=(kubectl-cryptosense -n market status s); COMP_CWORD=4; _kubectl_cryptosense; echo "\${COMPREPLY[@]}"`,
  zsh: '',
  fish: `complete -C 'kubectl-cryptosense -n market status s'`,
};

for (const [shell, body] of Object.entries(SHELLS)) {
  const path = (process.env.PATH ?? '').split(delimiter).some((part) => existsSync(join(part, shell)));
  const name = `${shell} takes the completion script, and completes the name of an environment`;
  if (!path) {
    test.skip(name, `there is no ${shell} on this machine`);
    continue;
  }
  test(name, async () => {
    const { plugin } = await buildPlugin(folder);
    const PATH = [dirname(plugin), dirname(process.execPath), process.env.PATH].join(delimiter);
    const env = { KUBECONFIG: cluster.kubeconfig, PATH, HOME: folder };
    const { stdout: script } = await execa(plugin, ['completion', shell], { env });
    const file = join(folder, `completion.${shell}`);
    writeFileSync(file, script);
    // In zsh the words only exist inside its line editor: what is called with them is replaced, and shows what it got.
    const inZsh = `autoload -Uz compinit; compinit -u -D; source ${file}; words=(kubectl-cryptosense -n market status s); CURRENT=5; _describe() { print -l $candidates; }; _kubectl_cryptosense`;
    const typed = shell === 'zsh' ? inZsh : `source ${file}; ${body}`;
    const { stdout, stderr } = await execa(shell, shell === 'zsh' ? ['-f', '-c', typed] : ['-c', typed], {
      env,
      reject: false,
    });
    match(stdout, /^shop\b/m, `${stdout}\n${stderr}`);
  });
}

test.run();

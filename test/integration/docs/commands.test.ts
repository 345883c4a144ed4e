import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { equal, is, match, ok } from 'uvu/assert';
import { parseAllDocuments, stringify } from 'yaml';
import { distribution } from '../../../charts/synth.ts';
import { gatewayApiDefinitions } from '../../../local/addons/gateway-api.ts';
import { checkout } from '../../../local/checkout.ts';
import { kubernetesBinaries } from '../../../local/node/binaries.ts';
import { prometheusOperatorDefinition } from '../../check/prometheus-operator.ts';
import { suite } from '../../harness/suite.ts';
import { type Command, told } from '../../unit/docs/recorded.ts';
import { recordings } from '../../unit/docs/shell.ts';
import { type ApiServer, startApiServer } from '../apiserver.ts';
import { CertificateAuthority } from '../certificate-authority.ts';
import { type Rehearsal, rehearsalOf } from './rehearsal.ts';

const test = suite('kubectl commands of the documentation, on a real API server');

/** Who the pages speak of. */
const TIERS = ['development', 'staging', 'production'].map((tier) => `cryptosense-${tier}`);
const NAMESPACES = [...TIERS, 'market', 'shop', 'team-a', 'monitoring', 'traefik-system', 'argocd'];
const AT_ONCE = 3;
const quiet = () => {};

const folder = mkdtempSync(join(tmpdir(), 'cryptosense-docs-'));
let server: ApiServer;
let binary: string;

interface Answer {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

async function kubectl(args: readonly string[], input?: string): Promise<Answer> {
  const { exitCode, stdout, stderr } = await execa(binary, args, {
    cwd: folder,
    env: { KUBECONFIG: server.kubeconfig, HOME: folder },
    reject: false,
    timeout: 60_000,
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
  });
  return { exitCode, stdout, stderr };
}

async function done(args: readonly string[], input?: string): Promise<void> {
  const { exitCode, stderr } = await kubectl(args, input);
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
}

const applied = (...texts: string[]) =>
  done(['apply', '--server-side', '-f', '-'], texts.filter((text) => text.trim() !== '').join('\n---\n'));

/** A folder as the reader has it: the checkout, what `npm run synth` writes, and the files with the reader's own secrets. */
function layOut(dist: Map<string, string>): void {
  for (const part of ['examples', 'integrations'])
    cpSync(join(checkout, part), join(folder, part), { recursive: true });
  for (const [path, text] of dist) {
    mkdirSync(dirname(join(folder, 'dist', path)), { recursive: true });
    writeFileSync(join(folder, 'dist', path), text);
  }
  const { cert, key } = new CertificateAuthority().signServer(['shop.example.com']);
  const own = {
    'tls.crt': cert,
    'tls.key': key,
    'access-key-id': 'a',
    'secret-access-key': 'b',
    passphrase: 'c',
  };
  for (const [name, text] of Object.entries(own)) writeFileSync(join(folder, name), text);
}

/** An environment by the name that pages use, with all that an answer could be about. */
const environment = (name: string, namespace: string) =>
  stringify({
    apiVersion: 'cryptosense.io/v1alpha1',
    kind: 'CryptoSenseEnvironment',
    metadata: { name, namespace },
    spec: { tier: 'local', release: { image: 'cryptosense-api:1.0.0' } },
  });

test.before(async () => {
  binary = join(await kubernetesBinaries(quiet), 'kubectl');
  server = await startApiServer();
  const dist = distribution('cryptosense-operator:dev', 'team-a');
  layOut(dist);
  const monitors = await Promise.all(
    (['servicemonitors', 'prometheusrules'] as const).map((plural) =>
      prometheusOperatorDefinition(plural, quiet),
    ),
  );
  await applied(dist.get('crds.yaml') ?? '', await gatewayApiDefinitions(quiet));
  await applied(...monitors.map((definition) => stringify(definition)));
  await done(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
  for (const name of NAMESPACES) await done(['create', 'namespace', name]);
  await done(['create', 'serviceaccount', 'dashboard', '-n', 'default']);
  // Without the policies, that would refuse to delete what is only deleted in rehearsal.
  const installed = parseAllDocuments(dist.get('operator.yaml') ?? '')
    .map((document) => document.toJS() as { kind: string })
    .filter(({ kind }) => !kind.startsWith('ValidatingAdmissionPolicy'));
  await applied(...installed.map((manifest) => stringify(manifest)));
  await done(['apply', '-R', '-f', 'examples']);
  const named = [
    ['shop', 'default'],
    ['shop', 'market'],
  ] as const;
  await applied(...named.map(([name, namespace]) => environment(name, namespace)));
});

test.after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Pods, Jobs and what else only an operator would make are not there; kinds, fields, flags and environments are. */
function complaint(command: Command, { how }: Rehearsal, { exitCode, stdout, stderr }: Answer): string {
  if (/warning: unknown field/i.test(stderr)) return stderr;
  if (how === 'flags') return exitCode === 0 && /Usage:/.test(stdout) ? '' : stderr;
  if (/already ?exists/i.test(stderr)) return '';
  const isMissing = /\(NotFound\)/.test(stderr) && !/resource type/.test(stderr);
  const isOfSomebody = !/^Error.*cryptosenseenvironments/m.test(stderr) || command.args.includes('wait');
  if (exitCode === 0 || (isMissing && isOfSomebody)) return '';
  return stderr || `exit code ${exitCode}`;
}

interface Tried {
  command: Command;
  rehearsal: Rehearsal;
  said: string;
}

async function tried(commands: readonly Command[]): Promise<Tried[]> {
  const queue = [...commands];
  const results: Tried[] = [];
  const worker = async () => {
    for (let command = queue.shift(); command; command = queue.shift()) {
      // What comes from another program through a pipe was not recorded.
      const rehearsal = rehearsalOf(command.args, { isEmpty: command.input === '' });
      const answer = await kubectl(rehearsal.args, command.input);
      results.push({ command, rehearsal, said: complaint(command, rehearsal, answer) });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

const typed = (args: string[], input?: string): Command => ({
  page: 'x.md',
  program: 'kubectl',
  args,
  variables: [],
  ...(input === undefined ? {} : { input }),
});

/** Each once, however many pages show it. */
function documented(): Command[] {
  const all = recordings()
    .flatMap(({ commands }) => commands)
    .filter(({ program, args }) => program === 'kubectl' && args[0] !== 'cryptosense');
  return [...new Map(all.map((one) => [JSON.stringify([one.args, one.input]), one])).values()];
}

test('the API server answers every question, takes every write, and kubectl knows every flag', async () => {
  const results = await tried(documented());
  equal(
    results.filter(({ said }) => said !== '').map(({ command, said }) => `${told(command)}\n  ${said}`),
    [],
  );
  const count = (how: Rehearsal['how']) => results.filter(({ rehearsal }) => rehearsal.how === how).length;
  console.log(
    `\nnote: ${count('asked')} asked, ${count('dry run')} written in a dry run, ${count('flags')} by their flags`,
  );
  ok(count('asked') > 60 && count('dry run') > 40 && count('flags') > 40);
});

test('what is wrong in a command is found: a kind, a flag, a field, a value, an environment', async () => {
  const patch = (spec: object) => ['patch', 'cse', 'shop', '--type', 'merge', '-p', JSON.stringify({ spec })];
  const wrong: [Command, RegExp][] = [
    [typed(['get', 'cryptosenses']), /doesn't have a resource type/],
    [typed(['logs', 'shop-api-0', '--tails=5']), /unknown flag: --tails/],
    [typed(['exec', 'shop-database-0', '-x', 'data', '--', 'ls', '-l']), /unknown shorthand flag: 'x'/],
    [typed(patch({ relase: { image: 'a:1' } })), /unknown field "spec.relase"/],
    [typed(patch({ tier: 'huge' })), /Unsupported value: "huge"/],
    [typed(['annotate', 'cse', 'shopp', 'cryptosense.io/refresh=1']), /"shopp" not found/],
    [typed(['apply', '-f', 'dist/operater.yaml']), /does not exist/],
    [typed(['explain', 'cse.spec.rolout']), /field "rolout" does not exist/],
  ];
  const results = await tried(wrong.map(([command]) => command));
  for (const [command, expected] of wrong)
    match(results.find((one) => one.command === command)?.said ?? '', expected, told(command));
  const fine = await tried([typed(['exec', 'shop-database-0', '-c', 'database', '--', 'psql', '--bogus'])]);
  is(fine[0]?.said, '');
});

test.run();

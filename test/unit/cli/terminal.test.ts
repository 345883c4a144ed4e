import { equal, is, match, not } from 'uvu/assert';
import { candidatesOf, type Lookup } from '../../../cli/completion/candidates.ts';
import { failureOf } from '../../../cli/failure.ts';
import { every, programOf } from '../../../cli/program.ts';
import { nearest, suggestion } from '../../../cli/terminal/nearest.ts';
import { tableOf } from '../../../cli/terminal/table.ts';
import { terminalOf } from '../../../cli/terminal/terminal.ts';
import { age, bytes, clipped, spoken } from '../../../cli/terminal/words.ts';
import { KubeError } from '../../../operator/kube/errors.ts';
import { suite } from '../../harness/suite.ts';
import { NOW } from './fixtures.ts';

const test = suite('The command line itself');
const program = programOf(async () => {});

test('colours are for a terminal without NO_COLOR; FORCE_COLOR is for who asks', () => {
  const at = (isTTY: boolean, env: Record<string, string> = {}) =>
    terminalOf({ stdin: { isTTY }, stdout: { isTTY, columns: 80 } }, env);
  not.equal(at(true).paint('good', 'x'), 'x');
  is(at(true, { NO_COLOR: '1' }).paint('good', 'x'), 'x');
  is(at(true, { TERM: 'dumb' }).paint('good', 'x'), 'x');
  is(at(false).paint('good', 'x'), 'x');
  not.equal(at(false, { FORCE_COLOR: '1' }).paint('good', 'x'), 'x');
  equal([at(true).isLive, at(true, { TERM: 'dumb' }).isLive, at(false).canAsk], [true, false, false]);
});

test('lengths, sizes and columns are short and even', () => {
  equal([0, 42_000, 190_000, 7_500_000, 4 * 86_400_000, 90_000_000].map(spoken), [
    '0s',
    '42s',
    '3m10s',
    '2h5m',
    '4d',
    '1d1h',
  ]);
  is(age(undefined, NOW), '?');
  equal([500, 1536, 20 * 2 ** 30].map(bytes), ['500 B', '1.5 KiB', '20 GiB']);
  is(clipped('abcdef', 4), 'abc…');
  equal(tableOf(['A', 'B'], [['\x1b[31mlong\x1b[39m', 'x']]), ['A      B', '\x1b[31mlong\x1b[39m   x']);
});

test('near names are proposed, far ones are not', () => {
  equal(nearest('shp', ['shop', 'staging', 'ship']), ['ship', 'shop']);
  equal(nearest('sho', ['shop-2', 'staging']), ['shop-2']);
  is(suggestion('shp', ['shop']), ' Did you mean shop?');
  is(suggestion('zzz', ['shop']), '');
});

const refused = (code: number, reason: string, message: string, path = '/api/v1/pods') =>
  failureOf(new KubeError(`GET ${path}`, { code, reason, message }), {
    server: 'https://c:6443',
    context: 'prod',
  });

test('every failure that can be foreseen is one sentence with an exit code of its own', () => {
  equal(refused(0, 'Unreachable', 'connect ECONNREFUSED'), {
    sentence:
      'No cluster answers at https://c:6443 (context prod): connect ECONNREFUSED. Check --context, --kubeconfig and whether the cluster runs.',
    exitCode: 3,
  });
  is(refused(401, 'Unauthorized', 'Unauthorized')?.exitCode, 4);
  match(
    refused(403, 'Forbidden', 'pods is forbidden: User "x" cannot list')?.sentence ?? '',
    /You may not do this: .*Ask whoever/,
  );
  match(
    refused(403, 'Forbidden', 'environment shop is protected')?.sentence ?? '',
    /^Refused: environment shop is protected\.$/,
  );
  const unknown = refused(
    404,
    'NotFound',
    'the server could not find it',
    '/apis/cryptosense.io/v1alpha1/cryptosenseenvironments',
  );
  match(unknown?.sentence ?? '', /operator is not installed .*kubectl apply -f dist\/operator\.yaml/);
  is(unknown?.exitCode, 3);
  is(failureOf(new TypeError('x is undefined')), undefined);
});

test('every command has a sentence, and every one that is typed has an example', () => {
  const shown = every(program).filter((command) => command !== program && !command.name().startsWith('_'));
  for (const command of shown) {
    match(command.description(), /\.$/, command.name());
    if (command.commands.length > 0) continue;
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) });
    command.outputHelp();
    match(help, /Examples:\n {2}(source <\()?kubectl[ -]cryptosense/, command.name());
  }
});

const lookup: Lookup = {
  environments: async () => ['shop', 'staging'],
  releases: async (environment) => [{ word: '2-bbb', says: `of ${environment}` }],
  namespaces: async () => ['market'],
  contexts: () => ['kind-local'],
};
const proposed = async (...words: string[]) =>
  (await candidatesOf(program, words, lookup)).map(({ word }) => word);

test('words are completed from the commands, the cluster and the kubeconfig', async () => {
  equal(await proposed('prom'), ['promote', 'promote-full']);
  equal(await proposed('rollout', ''), ['status']);
  equal(await proposed('-n', 'market', 'status', 'st'), ['staging']);
  equal(await proposed('status', '-o', ''), ['text', 'json', 'yaml']);
  equal(await proposed('undo', 'shop', '--release', ''), ['2-bbb']);
  equal(await proposed('status', '--context', ''), ['kind-local']);
  equal(await proposed('completion', ''), ['bash', 'zsh', 'fish']);
  equal(await proposed('status', '--al'), ['--all-namespaces']);
  equal(await proposed('status', 'shop', ''), []);
  not.ok((await proposed('')).includes('__complete'));
});

test.run();

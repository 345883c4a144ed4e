import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { equal, match, ok } from 'uvu/assert';
import { distribution } from '../../../charts/synth.ts';
import { every, programOf } from '../../../cli/program.ts';
import { suite } from '../../harness/suite.ts';
import { schemaOf, unknownFields } from './fields.ts';
import { root } from './pages.ts';
import { type Command, recorded, told } from './recorded.ts';
import { cryptosenseArgs, recordings, shellOf } from './shell.ts';

const test = suite('Commands that pages show');

const all = recordings();
const commands = all.flatMap((recording) => recording.commands);
const of = (program: string) => commands.filter((command) => command.program === program);
const sources = globSync('{app,backup,charts,ci,cli,images,local,operator,test}/**/*.{ts,mjs}', { cwd: root })
  .filter((path) => !path.startsWith('test/unit/docs/'))
  .map((path) => readFileSync(join(root, path), 'utf8'))
  .join('\n');

/** Words that follow one of the flags, in either form. */
function valuesOf({ args }: Command, ...flags: string[]): string[] {
  return args.flatMap((word, i) =>
    flags.flatMap((flag) => {
      if (args[i - 1] === flag) return [word];
      return word.startsWith(`${flag}=`) ? [word.slice(flag.length + 1)] : [];
    }),
  );
}

test('bash takes every page from its first line to its last: no variable is unset, no program unknown', () => {
  equal(
    all.filter(({ complaint }) => complaint !== '').map(({ complaint }) => complaint),
    [],
  );
  ok(commands.length > 250, `only ${commands.length} commands were found`);
});

test('a page with a variable that no line sets, a program that nobody has, or an open quote is found', () => {
  match(recorded('x.md', 'kubectl -n $NS get pods').complaint, /NS: unbound variable/);
  match(recorded('x.md', 'kubctl get pods').complaint, /kubctl: .*not found/);
  match(recorded('x.md', "kubectl get cse -o 'jsonpath={.spec}").complaint, /unexpected EOF/);
});

test('a command is read as the shell gives it to the program: quotes, variables, pipes, here-documents', () => {
  const text = 'NS=a\nX=1 kubectl -n "$NS" create -f - <<E  # why\nname: $NS\nE\nkubectl get cse | grep b';
  const shell = shellOf({ blocks: [{ language: 'sh', text }] });
  const found = recorded('x.md', shell).commands.map(({ page, ...rest }) => rest);
  equal(
    found.sort((a, b) => b.args.length - a.args.length),
    [
      { program: 'kubectl', args: ['-n', 'a', 'create', '-f', '-'], variables: ['X'], input: 'name: a' },
      { program: 'kubectl', args: ['get', 'cse'], variables: [] },
      { program: 'grep', args: ['b'], variables: [] },
    ],
  );
});

test('the command line knows every command and flag of its own that a page shows', () => {
  const wrong: string[] = [];
  let found = 0;
  for (const command of commands) {
    const args = cryptosenseArgs(command);
    if (args === undefined) continue;
    found += 1;
    const complaint = complaintOf(args);
    if (complaint !== '') wrong.push(`${told(command)}\n  ${complaint}`);
  }
  equal(wrong, []);
  ok(found > 15, `only ${found} were found`);
  match(complaintOf(['rollout', 'status', '--wach']), /unknown option '--wach'/);
  match(complaintOf(['promot']), /unknown command 'promot'/);
});

/** What the parser of the command line says of the words; nothing is carried out. */
function complaintOf(args: string[]): string {
  const program = programOf(async () => {});
  let said = '';
  for (const command of every(program)) {
    command.configureOutput({ writeErr: (text) => (said += text), writeOut: () => {} });
    // The shell's script is written by the action itself.
    if (command.name() === 'completion') command.action(() => {});
  }
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    return said || String(error);
  }
  return said;
}

test('every file that a page applies or runs is there, or is written by npm run synth', () => {
  const written = distribution('any:1');
  const isThere = (path: string) =>
    path.startsWith('dist/') ? written.has(path.slice(5)) : existsSync(join(root, path));
  const missing = commands.flatMap((command) => {
    const { program, args } = command;
    const named = program === 'node' ? args.slice(0, 1) : [];
    if (program === 'kubectl' || program === 'npm')
      named.push(...valuesOf(command, '-f', '--filename').filter((path) => path.includes('/')));
    return named.filter((path) => !isThere(path)).map((path) => `${told(command)}: ${path}`);
  });
  equal(missing, []);
});

test('every variable that a page sets for a program of the project is read somewhere', () => {
  const unread = commands
    .filter(({ program }) => ['npm', 'node'].includes(program))
    .flatMap((command) =>
      command.variables
        .filter((name) => !new RegExp(`\\b${name}\\b`).test(sources) && name !== 'NODE_ENV')
        .map((name) => `${told(command)}: ${name}`),
    );
  equal(unread, []);
});

test('every name after cryptosense.io/ is one that the operator knows', () => {
  const unknown = commands.flatMap((command) =>
    [command.args.join(' '), command.input ?? ''].flatMap((text) =>
      [...text.matchAll(/(?<!@)\bcryptosense\.io\/([a-z-]+)/g)]
        .filter(([name, key]) => !sources.includes(name) && !sources.includes(`'${key}'`))
        .map(([name]) => `${told(command)}: ${name}`),
    ),
  );
  equal(unknown, []);
});

test('every field that a page reads of an environment, a backup or a restore is in its schema', () => {
  let found = 0;
  const unknown = of('kubectl').flatMap((command) => {
    const [resource = ''] = command.args.filter((word) => schemaOf(word.split('/')[0] ?? '') !== undefined);
    const schema = schemaOf(resource.split('/')[0] ?? '');
    if (!command.args.includes('get') || schema === undefined) return [];
    return valuesOf(command, '-o')
      .filter((format) => format.startsWith('jsonpath='))
      .flatMap((format) => {
        found += 1;
        return unknownFields(format, schema).map((path) => `${told(command)}: ${path}`);
      });
  });
  equal(unknown, []);
  ok(found > 20, `only ${found} were found`);
  const environment = schemaOf('cse');
  equal(environment && unknownFields('{.status.stabel.image}', environment), ['.status.stabel.image']);
});

test('every condition that a page reads or waits for is one that something sets', () => {
  const KUBERNETES = new Set(['Ready', 'Available', 'Established']);
  const unknown = of('kubectl').flatMap((command) => {
    const text = command.args.join(' ');
    const named = [...text.matchAll(/@\.type=="(\w+)"|condition=(\w+)/g)].map(([, a, b]) => a ?? b ?? '');
    return named
      .filter((type) => !KUBERNETES.has(type) && !sources.includes(`'${type}'`))
      .map((type) => `${told(command)}: ${type}`);
  });
  equal(unknown, []);
});

test.run();

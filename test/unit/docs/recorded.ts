import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A program as a page calls it, after the shell is done with quotes, variables, pipes and here-documents. */
export interface Command {
  /** Path of the page, relative to the repository. */
  page: string;
  program: string;
  args: string[];
  /** What it reads from standard input, where it is told to by `-f -`. */
  input?: string;
  /** Names of variables that the page sets for it. */
  variables: string[];
}

export interface Recording {
  commands: Command[];
  /** What the shell said: a mistake in the syntax, a variable that no line sets, a program that is not in PROGRAMS. */
  complaint: string;
}

/** What a reader needs to have. A page that calls another program has to say where it comes from, and is added here. */
const PROGRAMS = [
  'kubectl',
  'kubectl-cryptosense',
  'npm',
  'node',
  'curl',
  'openssl',
  'gunzip',
  'psql',
  'pg_restore',
  'grep',
  'sed',
  'ls',
  'cat',
  'date',
  'sudo',
  'docker',
  'kind',
  'cosign',
];

/** Files that the reader has written before. */
const OF_THE_READER = ['shop.yaml', 'portfolios.sql'];

/** Stands in for every program: writes down how it was called. A query is answered by an image, or by a release's number and revision. */
const STAND_IN = `#!/bin/bash
file=$RECORDED/$EPOCHREALTIME-$BASHPID
printf '%s\\0' "\${0##*/}" "$@" > "$file.args"
compgen -e > "$file.variables"
if [[ " $* " == *" -f - "* ]]; then printf '%s' "$(</dev/stdin)" > "$file.input"; fi
case "\${0##*/} $*" in
  "kubectl "*jsonpath=*image*) printf api:1 ;;
  "kubectl "*jsonpath=*) printf 1-0123456789 ;;
esac
exit 0
`;

const OURS = new Set(['PATH', 'RECORDED', 'PWD', 'OLDPWD', 'SHLVL', '_', 'KUBECONFIG']);

/** Runs the shell text of a page in bash, with every program replaced by one that only writes down how it is called. */
export function recorded(page: string, shell: string): Recording {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-recorded-'));
  try {
    const at = (name: string) => {
      mkdirSync(join(folder, name));
      return join(folder, name);
    };
    const [bin, calls, work] = [at('bin'), at('calls'), at('work')];
    writeFileSync(join(folder, 'stand-in'), STAND_IN);
    chmodSync(join(folder, 'stand-in'), 0o755);
    for (const program of PROGRAMS) symlinkSync(join(folder, 'stand-in'), join(bin, program));
    for (const file of OF_THE_READER) writeFileSync(join(work, file), '');
    const { stderr, status, error } = spawnSync('/bin/bash', ['--norc', '-u', '-c', shell, page], {
      cwd: work,
      env: { PATH: bin, RECORDED: calls },
      input: '',
      encoding: 'utf8',
      timeout: 30_000,
    });
    const complaint = stderr.trim() || (status === 0 ? '' : `${error ?? `exit code ${status}`}`);
    return { commands: callsIn(calls, page), complaint };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function callsIn(folder: string, page: string): Command[] {
  const files = readdirSync(folder).sort();
  const text = (file: string) => readFileSync(join(folder, file), 'utf8');
  return files
    .filter((file) => file.endsWith('.args'))
    .map((file) => {
      const [program = '', ...args] = text(file).split('\0').slice(0, -1);
      const input = files.find((other) => other === file.replace(/args$/, 'input'));
      const variables = text(file.replace(/args$/, 'variables')).split('\n').filter(Boolean);
      return {
        page,
        program,
        args,
        variables: variables.filter((name) => !OURS.has(name)),
        ...(input === undefined ? {} : { input: text(input) }),
      };
    });
}

export function told({ page, program, args }: Command): string {
  return `${page}: ${program} ${args.join(' ')}`;
}

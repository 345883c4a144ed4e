import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { cacheRoot } from './cache.ts';
import { LocalFailure } from './report.ts';

export interface CommandOptions {
  /** What the command is for, as it should stand in a sentence: "Building the node image". */
  step: string;
  cwd?: string;
  /** Added to the environment of this process. */
  env?: Record<string, string>;
  input?: string;
  /** A file to read standard input from. */
  inputFile?: string;
  /** Sees every line of both streams as it comes. */
  onLine?: (line: string) => void;
  /** What the reader can do when it fails. */
  advice?: string;
  timeoutMs?: number;
}

/** Where the log of a step is, whether or not it was run already. */
function logPath(step: string): string {
  const slug = step
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return join(cacheRoot(), 'logs', `${slug}.log`);
}

/** Runs a command to its end and returns its standard output; both streams go to the step's log. */
export async function command(
  file: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<string> {
  const log = logPath(options.step);
  await mkdir(join(cacheRoot(), 'logs'), { recursive: true });
  const stream = createWriteStream(log, { flags: 'a' });
  stream.write(`\n${new Date().toISOString()} $ ${[file, ...args].join(' ')}\n`);
  const child = execa(file, args, {
    reject: false,
    ...standardInput(options),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  });
  child.stdout?.pipe(stream, { end: false });
  child.stderr?.pipe(stream, { end: false });
  const { onLine } = options;
  if (onLine) {
    for (const source of [child.stdout, child.stderr]) {
      if (source) createInterface({ input: source }).on('line', onLine);
    }
  }
  const result = await child;
  await new Promise<void>((done) => stream.end(done));
  if (result.failed) {
    throw new LocalFailure(sentence(file, options, result), log);
  }
  return result.stdout;
}

function standardInput({ input, inputFile }: CommandOptions) {
  if (inputFile !== undefined) return { inputFile };
  return input === undefined ? { stdin: 'ignore' as const } : { input };
}

interface Outcome {
  stdout: string;
  stderr: string;
  exitCode?: number | undefined;
  timedOut: boolean;
  code?: string | undefined;
}

function sentence(file: string, options: CommandOptions, result: Outcome): string {
  const lines = `${result.stdout}\n${result.stderr}`.split('\n').filter((line) => line.trim() !== '');
  const last = lines.at(-1)?.trim().slice(0, 300);
  let what = `${file} ended with code ${result.exitCode ?? '?'}`;
  if (result.code === 'ENOENT') what = `${file} is not installed`;
  if (result.timedOut) what = `${file} took longer than ${Math.round((options.timeoutMs ?? 0) / 1000)} s`;
  return `${options.step} failed: ${what}${last ? `: ${last}` : ''}. ${options.advice ?? 'Run the command again to resume.'}`;
}

/** The standard output of a quick question, or undefined when the command fails or is not there. */
export async function ask(
  file: string,
  args: readonly string[],
  options: { env?: Record<string, string>; timeoutMs?: number } = {},
): Promise<string | undefined> {
  const result = await execa(file, args, {
    reject: false,
    stdin: 'ignore',
    timeout: options.timeoutMs ?? 10_000,
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  return result.failed ? undefined : result.stdout;
}

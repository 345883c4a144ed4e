import { execa } from 'execa';

export interface CommandOptions {
  readonly timeoutMs: number;
  /** Added to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ends the program, and rejects. */
  readonly signal?: AbortSignal;
}

/** A program did not do what it was asked for. `message` is a sentence for people: what it was, and its last words. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** Of a program that ended by itself. */
  readonly exitCode: number | undefined;
  /** What it wrote until then. */
  readonly output: string;

  constructor(
    message: string,
    { exitCode, output = '' }: { exitCode?: number | undefined; output?: string } = {},
  ) {
    super(message);
    this.exitCode = exitCode;
    this.output = output;
  }
}

const LONGEST_WORDS = 700;
/** From SIGTERM to SIGKILL. */
const KILL_AFTER_MS = 10_000;

/** What the program writes to its output. Throws CommandError when it fails, is ended or takes longer than it may. */
export async function run(file: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const result = await execa(file, [...args], {
    reject: false,
    timeout: options.timeoutMs,
    forceKillAfterDelay: KILL_AFTER_MS,
    stdin: 'ignore',
    ...(options.env ? { env: { ...options.env } } : {}),
    ...(options.signal ? { cancelSignal: options.signal } : {}),
  });
  if (!result.failed) return result.stdout;
  const what = [file.replace(/-repository\.sh$/, ''), args.find((arg) => !arg.startsWith('-'))]
    .filter(Boolean)
    .join(' ');
  if (result.timedOut)
    throw new CommandError(`${what} was not done after ${options.timeoutMs / 1000} s and was ended`);
  if (result.isCanceled) throw new CommandError(`${what} was ended`);
  const output = `${result.stdout}\n${result.stderr}`;
  throw new CommandError(`${what}: ${lastWords(output) || result.shortMessage}`, {
    exitCode: result.exitCode,
    output,
  });
}

/** The lines that say what went wrong; without any, the last ones. */
export function lastWords(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const errors = lines.filter((line) => /\b(\w*ERROR|FATAL|PANIC):/i.test(line));
  const words = (errors.length > 0 ? errors : lines.slice(-4))
    .map((line) => line.replace(/^.*?\bERROR:\s*(\[\d+\]:\s*)?/, ''))
    .join('; ');
  return words.length <= LONGEST_WORDS ? words : `${words.slice(0, LONGEST_WORDS)}...`;
}

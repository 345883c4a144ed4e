import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** The API, or by its argument the predictor, as a process of its own, for what only a process has: signals and an exit code. */
export class ApiProcess {
  readonly url: string;
  /** Lines of its log of the level error. */
  readonly errors: readonly string[];
  readonly #child: ChildProcess;

  /** Resolves when it listens; throws when it ends before that. */
  static async start(
    entry: string,
    variables: Record<string, string>,
    args: readonly string[] = [],
  ): Promise<ApiProcess> {
    const child = spawn(process.execPath, [entry, ...args], {
      env: variables,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const errors: string[] = [];
    const listening = Promise.withResolvers<number>();
    // To the end of the process: a full pipe would stop it.
    createInterface(child.stdout).on('line', (line) => {
      const { message, port, level } = JSON.parse(line) as { message: string; port?: number; level: string };
      if (level === 'error') errors.push(line);
      if (message === 'listening' && port !== undefined) listening.resolve(port);
    });
    child.once('exit', (code) =>
      listening.reject(new Error(`the API ended before it listened (exit code ${code})`)),
    );
    return new ApiProcess(child, `http://127.0.0.1:${await listening.promise}`, errors);
  }

  private constructor(child: ChildProcess, url: string, errors: readonly string[]) {
    this.#child = child;
    this.url = url;
    this.errors = errors;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async exitCode(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }
}

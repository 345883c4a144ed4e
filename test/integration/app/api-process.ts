import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** The API, or by its argument the predictor, as a process of its own, for what only a process has: signals and an exit code. */
export class ApiProcess {
  readonly url: string;
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
    for await (const line of createInterface(child.stdout)) {
      const { message, port } = JSON.parse(line) as { message: string; port?: number };
      if (message !== 'listening') continue;
      // Nobody reads on, and a full pipe would stop the process.
      child.stdout.resume();
      return new ApiProcess(child, `http://127.0.0.1:${port}`);
    }
    if (child.exitCode === null) await once(child, 'exit');
    throw new Error(`the API ended before it listened (exit code ${child.exitCode})`);
  }

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async exitCode(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }
}

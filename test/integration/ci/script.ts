import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { checkout } from '../../../local/checkout.ts';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** What it handed on to later steps. */
  readonly outputs: Record<string, string>;
}

/** A program of ci/ as a step of a workflow runs it: with these variables and no others. */
export class Script {
  readonly #child: ChildProcess;
  readonly #folder = mkdtempSync(join(tmpdir(), 'cryptosense-ci-'));
  readonly #streams = { out: '', err: '' };

  /** `path`: folders that come first in PATH. */
  constructor(
    name: string,
    args: readonly string[],
    options: { env?: Record<string, string>; path?: readonly string[] } = {},
  ) {
    const file = this.#outputFile;
    writeFileSync(file, '');
    const PATH = [...(options.path ?? []), process.env.PATH].join(delimiter);
    this.#child = spawn(process.execPath, [join(checkout, 'ci', name), ...args], {
      cwd: checkout,
      env: { PATH, HOME: this.#folder, GITHUB_OUTPUT: file, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk) => (this.#streams.out += chunk));
    this.#child.stderr?.on('data', (chunk) => (this.#streams.err += chunk));
  }

  get #outputFile(): string {
    return join(this.#folder, 'output');
  }

  /** What it has printed so far. */
  get printed(): string {
    return this.#streams.out;
  }

  async ended(): Promise<Ended> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'close');
    const lines = readFileSync(this.#outputFile, 'utf8').split('\n').filter(Boolean);
    const outputs = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    rmSync(this.#folder, { recursive: true, force: true });
    return { code: this.#child.exitCode, ...this.#streams, outputs };
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

import { type ChildProcess, spawn } from 'node:child_process';

export interface Said {
  exitCode: number;
  /** Standard output and standard error, as they came. */
  text: string;
}

/** A bash in which lines are typed one after the other, so that what one exports the next one has. */
export class Shell {
  readonly #bash: ChildProcess;
  #text = '';
  #ended = false;

  constructor(options: { cwd: string; env: Record<string, string | undefined> }) {
    // A group of its own: what a line leaves in the background ends with it.
    this.#bash = spawn('bash', ['--norc', '--noprofile'], { ...options, stdio: 'pipe', detached: true });
    for (const stream of [this.#bash.stdout, this.#bash.stderr])
      stream?.on('data', (chunk) => {
        this.#text += chunk;
        this.#heard();
      });
    this.#bash.once('close', () => {
      this.#ended = true;
      this.#heard();
    });
  }

  #heard: () => void = () => {};

  /** Types a line and waits until it is done. Throws when that takes longer than `timeoutMs`. */
  async type(line: string, timeoutMs: number): Promise<Said> {
    this.#text = '';
    // On a line of its own, also after what ends without one.
    const mark = `done-${Math.random().toString(36).slice(2)}`;
    this.#bash.stdin?.write(`${line}\nprintf "\\n%s %s\\n" ${mark} $?\n`);
    const end = new RegExp(`^${mark} (\\d+)$`, 'm');
    await this.#until(() => end.test(this.#text), line, timeoutMs);
    const [, exitCode] = end.exec(this.#text) ?? [];
    return { exitCode: Number(exitCode), text: this.#text.replace(end, '').trim() };
  }

  /** Types a line that does not end by itself, and waits until it has said what `sign` looks for. */
  async leave(line: string, sign: RegExp, timeoutMs: number): Promise<string> {
    this.#text = '';
    this.#bash.stdin?.write(`${line} &\n`);
    await this.#until(() => sign.test(this.#text), line, timeoutMs);
    return this.#text;
  }

  #until(reached: () => boolean, line: string, timeoutMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const failed = (why: string) => reject(new Error(`${line}: ${why}. So far it said:\n${this.#text}`));
    const late = setTimeout(() => failed(`not done after ${timeoutMs / 1000} s`), timeoutMs);
    this.#heard = () => {
      if (reached()) resolve();
      else if (this.#ended) failed('the shell ended');
    };
    this.#heard();
    return promise.finally(() => clearTimeout(late));
  }

  /** Ends the shell and everything that it has started. */
  end(): void {
    if (this.#ended || this.#bash.pid === undefined) return;
    process.kill(-this.#bash.pid, 'SIGKILL');
  }
}

import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { Failure, oneLine } from './report.ts';

const run = promisify(execFile);

/** What kubectl prints. Throws Failure with its own words. */
export async function kubectl(args: readonly string[]): Promise<string> {
  try {
    return (await run('kubectl', args, { maxBuffer: 64 * 2 ** 20 })).stdout;
  } catch (error) {
    const { code, stderr = '' } = error as { code?: string; stderr?: string };
    if (code === 'ENOENT') throw new Failure('kubectl is not there: install it on the runner.');
    throw new Failure(oneLine(stderr) || `kubectl ${args[0]} failed.`);
  }
}

/** One environment now, and again after each change. Ends when the server ends the watch, or with `signal`. */
export async function* watched<T>(args: readonly string[], signal: AbortSignal): AsyncGenerator<T> {
  // A JSON path of the whole object prints it in one line.
  const child = spawn('kubectl', [...args, '--watch', '--output=jsonpath={@}{"\\n"}'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    signal,
  });
  const gone = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  try {
    for await (const line of createInterface(child.stdout)) if (line !== '') yield JSON.parse(line) as T;
  } finally {
    child.kill();
    await gone;
  }
}

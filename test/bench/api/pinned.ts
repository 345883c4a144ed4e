import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

/** The core of what is measured, and that of who asks: neither takes time from the other. */
export const SERVER_CORE = 0;
export const CLIENT_CORE = 1;

/** Runs a program on one core and returns what it wrote to standard output. Throws when it fails. */
export async function run(core: number, command: readonly string[]): Promise<string> {
  const child = spawn('taskset', ['-c', String(core), ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (child.exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${child.exitCode}`);
  return output;
}

/** USER_HZ: what /proc counts time in on Linux, everywhere. */
const CLOCK_TICKS = 100;

/** A server on the servers' core. */
export interface Pinned {
  readonly url: string;
  /** Resident memory, in MiB. */
  rssMib(): number;
  /** Time on the core since its start, in seconds: what tells contenders apart when others use the machine as well. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** Starts a Node program that says "listening" as a JSON line; `flags` are Node's. Its further output is read and thrown away. */
export async function startPinned(
  entry: string,
  port: number,
  environment: Record<string, string>,
  flags: readonly string[] = [],
): Promise<Pinned> {
  const command = [process.execPath, ...flags, entry];
  const child: ChildProcess = spawn('taskset', ['-c', String(SERVER_CORE), ...command], {
    env: { PATH: process.env.PATH ?? '', PORT: String(port), ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { stdout } = child;
  if (!stdout) throw new Error('no output to read');
  let said = '';
  for await (const line of createInterface(stdout)) {
    if (!line.includes('listening')) {
      said = line;
      continue;
    }
    stdout.resume();
    return {
      url: `http://127.0.0.1:${port}`,
      rssMib: () => {
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
        return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
      },
      cpuSeconds: () => {
        const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
        return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
      },
      stop: async () => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  }
  throw new Error(`${entry} ended before it listened; the last that it said: ${said || 'nothing'}`);
}

import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { closeSync, existsSync, openSync } from 'node:fs';
import { createServer } from 'node:net';

const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** Ends the child when this process is killed without a chance to do so itself; part of every Debian and Ubuntu. */
const DEATH_WATCH = '/usr/bin/setpriv';

/** Starts a program whose output goes to a file; `env` is added to this process's. It ends with this process, however that ends. */
export function startProcess(
  binary: string,
  args: string[],
  logFile: string,
  env: Record<string, string> = {},
): ChildProcess {
  const log = openSync(logFile, 'a');
  const watched = existsSync(DEATH_WATCH);
  const command = watched ? DEATH_WATCH : binary;
  const child = spawn(command, watched ? ['--pdeathsig', 'KILL', binary, ...args] : args, {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...env },
  });
  closeSync(log);
  living.add(child);
  child.once('exit', () => living.delete(child));
  return child;
}

/** Ends a program, resolves when it is gone. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

/** Below those that the kernel gives to outgoing connections (32768 and above), and those of NodePorts (30000). */
const PORTS = { from: 20_000, count: 10_000 };

/**
 * Ports of 127.0.0.1 that nobody listens on, and that stay this process's as long as it lives, a server that is restarted
 * included: a UDP socket on the same number tells the other test files that the port is taken.
 */
export function freePorts(count: number): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, freePort));
}

async function freePort(): Promise<number> {
  const first = Math.floor(Math.random() * PORTS.count);
  for (let step = 0; step < PORTS.count; step += 1) {
    const port = PORTS.from + ((first + step) % PORTS.count);
    if ((await claims(port)) && (await isFree(port))) return port;
  }
  throw new Error(`No port from ${PORTS.from} on is free, of ${PORTS.count}`);
}

function claims(port: number): Promise<boolean> {
  const socket = createSocket('udp4').unref();
  return new Promise((resolve) => {
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(true));
  });
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    // On all addresses: some of the programs listen on all of them.
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

/** Looks again every 20 ms until the condition holds; fails with the sentence after the deadline. */
export async function eventually(
  sentence: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMs = 30_000,
): Promise<void> {
  const endsAt = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > endsAt) throw new Error(`Not within ${deadlineMs} ms: ${sentence}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

import { type ChildProcess, spawn } from 'node:child_process';
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

/** Ports that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((resolve) => server.close(resolve));
      return typeof address === 'object' && address !== null ? address.port : 0;
    }),
  );
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

import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { engineRun } from './engine-folder.ts';
import { startTime } from './lock.ts';

const programs = ['dockerd', 'containerd', 'containerd-shim', 'containerd-shim-runc-v2', 'docker-proxy'];

interface Process {
  pid: number;
  parent: number;
  args: string[];
}

async function processes(): Promise<Process[]> {
  const found: Process[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const args = (await readFile(`/proc/${name}/cmdline`, 'utf8')).split('\0');
      const stat = await readFile(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      found.push({ pid: Number(name), parent, args });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

/** The processes of our engine: those of its programs that name its run folder, and all that came of them. */
export async function engineProcesses(): Promise<number[]> {
  const all = await processes();
  const ours = new Set(
    all
      .filter(({ args }) => programs.includes(basename(args[0] ?? '')))
      .filter(({ args }) => args.some((arg) => arg.includes(`${engineRun}/`)))
      .map(({ pid }) => pid),
  );
  for (let grown = true; grown; ) {
    const children = all.filter(({ pid, parent }) => ours.has(parent) && !ours.has(pid));
    for (const { pid } of children) ours.add(pid);
    grown = children.length > 0;
  }
  return [...ours];
}

/** Ends these processes: asks, waits up to `patienceMs`, then kills. Returns when they are gone. */
export async function endProcesses(pids: number[], patienceMs: number): Promise<void> {
  const started = new Map<number, string>();
  for (const pid of pids) {
    const time = await startTime(pid);
    if (time !== undefined) started.set(pid, time);
  }
  const living = async () => {
    const alive: number[] = [];
    for (const [pid, time] of started) if ((await startTime(pid)) === time) alive.push(pid);
    return alive;
  };
  const send = async (name: NodeJS.Signals) => {
    for (const pid of await living()) process.kill(pid, name);
  };
  await send('SIGTERM');
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const deadline = Date.now() + (signal === 'SIGTERM' ? patienceMs : 5_000);
    while ((await living()).length > 0 && Date.now() < deadline) await sleep(100);
    if (signal === 'SIGTERM') await send('SIGKILL');
  }
}

import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Report } from './report.ts';

/** Who holds a lock: a pid alone could be that of a later process, so its start time is kept too. */
interface Holder {
  pid: number;
  started: string;
  token: string;
}

/** When a process was started, in clock ticks since boot; undefined when it does not run (or is a zombie). */
export async function startTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command in parentheses may hold spaces: count the fields after the last parenthesis.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    if (process.platform === 'linux') return undefined;
    return signalled(pid) ? 'unknown' : undefined;
  }
}

function signalled(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function heldBy(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

async function alive(holder: Holder): Promise<boolean> {
  return (await startTime(holder.pid)) === holder.started;
}

/** link(2) is atomic and brings the content with it: no one ever sees an empty lock. */
async function take(path: string, me: Holder): Promise<boolean> {
  const draft = `${path}.${me.token}`;
  await writeFile(draft, JSON.stringify(me));
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Removes the lock of a dead process. A second lock guards it: without it, two waiters could both see the
 * dead holder and the slower one would remove the faster one's new lock.
 */
async function bury(path: string, dead: Holder, me: Holder): Promise<void> {
  const guard = `${path}.bury`;
  if (!(await take(guard, me))) {
    const other = await heldBy(guard);
    if (other && !(await alive(other))) await rm(guard, { force: true });
    return;
  }
  try {
    if ((await heldBy(path))?.token === dead.token) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

/**
 * Runs `work` while holding the lock file `path`. A second caller, in this process or another, waits and says
 * so; a holder that died does not block anyone.
 */
export async function withLock<T>(
  path: string,
  purpose: string,
  report: Report,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const me: Holder = {
    pid: process.pid,
    started: (await startTime(process.pid)) ?? 'unknown',
    token: randomUUID(),
  };
  let saidWaiting = false;
  while (!(await take(path, me))) {
    const holder = await heldBy(path);
    if (holder === undefined) continue;
    if (!(await alive(holder))) {
      await bury(path, holder, me);
      continue;
    }
    if (!saidWaiting) report(`waiting for process ${holder.pid}, which is busy with ${purpose}`);
    saidWaiting = true;
    await sleep(250);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

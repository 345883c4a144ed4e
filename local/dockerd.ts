import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { aptInstall } from './apt.ts';
import { cacheRoot } from './cache.ts';
import { ask } from './command.ts';
import { answers } from './docker.ts';
import {
  engineBefore,
  engineData,
  engineExecRoot,
  enginePidFile,
  engineRun,
  engineSocket,
} from './engine-folder.ts';
import { endProcesses, engineProcesses } from './engine-processes.ts';
import { restoreHost, unmountBelow } from './host-restore.ts';
import { bootId, type HostState, readHostState } from './host-state.ts';
import { LocalFailure, type Report } from './report.ts';
import { runtimeFlags } from './runc.ts';

const host = `unix://${engineSocket}`;
const START_TIMEOUT_MS = 60_000;

/** Starts our dockerd, which outlives this process. Leftovers of one that was killed, or of a reboot, are cleared. */
export async function startDockerd(report: Report): Promise<void> {
  const needsClient = (await ask('docker', ['--version'])) === undefined;
  await aptInstall(['docker.io', 'iptables', 'nftables', 'iproute2'], report);
  // Newer releases of Debian keep the client in a package of its own.
  if (needsClient && (await ask('docker', ['--version'])) === undefined)
    await aptInstall(['docker-cli'], report);
  const runtime = await runtimeFlags(report);
  await clearLeftovers();
  await mkdir(engineData(), { recursive: true });
  await mkdir(engineRun, { recursive: true, mode: 0o700 });
  // A state from this boot is that of before a dockerd that was killed: it is still what has to be restored.
  if (!(await recordedState())) {
    await writeFile(engineBefore, JSON.stringify(await readHostState(engineData()), null, 2));
  }
  report('starting dockerd');
  await launch(['--mtu', String(await mtu()), ...runtime]);
}

async function launch(flags: string[]): Promise<void> {
  const config = join(engineRun, 'daemon.json');
  await writeFile(config, '{}\n');
  const logFile = join(cacheRoot(), 'logs', 'dockerd.log');
  await mkdir(join(cacheRoot(), 'logs'), { recursive: true });
  const log = await open(logFile, 'a');
  const places = ['--data-root', engineData(), '--exec-root', engineExecRoot, '--pidfile', enginePidFile];
  const child = spawn(
    'dockerd',
    // The default, -500, cannot be set without CAP_SYS_RESOURCE.
    ['--host', host, '--config-file', config, '--oom-score-adjust=0', ...places, ...flags],
    { detached: true, stdio: ['ignore', log.fd, log.fd] },
  );
  let ended = false;
  child.on('error', () => {
    ended = true;
  });
  child.on('exit', () => {
    ended = true;
  });
  child.unref();
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(host))) {
    if (ended || Date.now() > deadline) {
      await log.close();
      const what = ended ? 'ended at once' : `did not answer within ${START_TIMEOUT_MS / 1000} s`;
      throw new LocalFailure(
        `Starting the container engine failed: dockerd ${what}; see the last lines.`,
        logFile,
      );
    }
    await sleep(200);
  }
  await log.close();
}

/**
 * Stops our dockerd with everything that it runs, and puts the host back as it was. The images stay in the cache.
 * Works as well when dockerd is dead already. Says in words what was removed.
 */
export async function stopDockerd(report: Report): Promise<string[]> {
  const removed: string[] = [];
  if (await answers(host)) {
    report('removing containers and networks');
    const count = await removeContainers();
    if (count > 0) removed.push(`${count} container(s)`);
  }
  const pid = await dockerdPid();
  if (pid !== undefined) {
    report('stopping dockerd');
    await endProcesses([pid], 30_000);
    removed.push('the container engine');
  }
  await endProcesses(await engineProcesses(), 5_000);
  const before = await recordedState();
  await unmountBelow([engineRun, before?.dataRoot ?? engineData()]);
  if (before) removed.push(...(await restoreHost(before)));
  if (existsSync(engineRun)) await rm(engineRun, { recursive: true, force: true });
  return removed;
}

/** Removes every container and network of our engine; returns how many containers there were. */
export async function removeContainers(): Promise<number> {
  const env = { DOCKER_HOST: host };
  const containers = ((await ask('docker', ['ps', '-aq'], { env })) ?? '').split('\n').filter(Boolean);
  if (containers.length > 0) {
    await ask('docker', ['rm', '-f', '-v', ...containers], { env, timeoutMs: 60_000 });
  }
  await ask('docker', ['network', 'prune', '-f'], { env });
  return containers.length;
}

async function clearLeftovers(): Promise<void> {
  const leftovers = await engineProcesses();
  await endProcesses(leftovers, 2_000);
  await unmountBelow([engineRun]);
  for (const path of [engineSocket, enginePidFile, engineExecRoot]) {
    await rm(path, { recursive: true, force: true });
  }
  // After a reboot the recorded state and the users are those of another life.
  if (existsSync(engineBefore) && !(await recordedState()))
    await rm(engineRun, { recursive: true, force: true });
}

async function recordedState(): Promise<HostState | undefined> {
  try {
    const state = JSON.parse(await readFile(engineBefore, 'utf8')) as HostState;
    return state.boot === (await bootId()) ? state : undefined;
  } catch {
    return undefined;
  }
}

async function dockerdPid(): Promise<number | undefined> {
  const text = await readFile(enginePidFile, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return (await engineProcesses()).includes(pid) ? pid : undefined;
}

/** Containers must not send larger packets than the way out takes. */
async function mtu(): Promise<number> {
  const route = await ask('ip', ['-4', 'route', 'show', 'default']);
  const device = route?.match(/ dev (\S+)/)?.[1];
  if (device === undefined) return 1500;
  const text = await readFile(`/sys/class/net/${device}/mtu`, 'utf8').catch(() => '1500');
  return Math.min(1500, Number.parseInt(text, 10));
}

import { platform } from 'node:os';
import { canInstallPackages } from './apt.ts';
import { checkout } from './checkout.ts';
import { clusterName } from './cluster-name.ts';
import { ask } from './command.ts';
import { answers, hasRegistry } from './docker.ts';
import { removeContainers, startDockerd, stopDockerd } from './dockerd.ts';
import { engineSocket, engineUsers, withEngineLock } from './engine-folder.ts';
import { LocalFailure, type Report } from './report.ts';

export interface Engine {
  /** For DOCKER_HOST. */
  dockerHost: string;
  /** True when this project started dockerd and will stop it. */
  ours: boolean;
  /** Whether ordinary images can be pulled. */
  hasRegistry: boolean;
}

const ourHost = `unix://${engineSocket}`;

/**
 * A Docker engine that answers, and that `user` (a cluster's name) is counted for: the one that DOCKER_HOST or the current Docker context names, else one of our own
 * (as root on Debian and its relatives; shared by all checkouts on the machine and counted, see releaseEngine).
 */
export async function ensureEngine(report: Report, user: string = clusterName('local')): Promise<Engine> {
  const theirs = await foundEngine();
  if (theirs) return { dockerHost: theirs, ours: false, hasRegistry: await hasRegistry(theirs, report) };
  if (platform() !== 'linux' || !(await canInstallPackages())) {
    throw new LocalFailure(
      'No Docker engine answers: start Docker (or point DOCKER_HOST at one), then run the command again; ' +
        'as root on Debian or Ubuntu this project starts an engine of its own.',
    );
  }
  await withEngineLock(report, async () => {
    if (!(await answers(ourHost))) {
      await startDockerd(report);
      // Containers of users who never came back, after a reboot for instance, would only hold ports.
      if ((await engineUsers.remaining()).length === 0) await removeContainers();
    }
    await engineUsers.add(user, { checkout, pid: process.pid, since: new Date().toISOString() });
  });
  return { dockerHost: ourHost, ours: true, hasRegistry: await hasRegistry(ourHost, report) };
}

/** The engine that is there already, if any; starts nothing. */
export async function currentEngine(): Promise<{ dockerHost: string; ours: boolean } | undefined> {
  const theirs = await foundEngine();
  if (theirs) return { dockerHost: theirs, ours: false };
  return (await answers(ourHost)) ? { dockerHost: ourHost, ours: true } : undefined;
}

/**
 * Says that `user`, a cluster's name, no longer needs our engine. When the last user has gone it is stopped, and
 * nothing of it stays but the cached images. Returns what was removed, in words; empty when there was nothing.
 */
export async function releaseEngine(user: string, report: Report): Promise<string[]> {
  if (platform() !== 'linux' || process.getuid?.() !== 0) return [];
  return withEngineLock(report, async () => {
    await engineUsers.remove(user);
    const remaining = await engineUsers.remaining();
    const others = remaining.filter((name) => name.slice(-6) !== clusterName('local').slice(-6));
    if (others.length > 0)
      report(`the container engine stays: ${others.join(', ')} of other checkouts still use it`);
    if (remaining.length > 0) return [];
    return stopDockerd(report);
  });
}

async function foundEngine(): Promise<string | undefined> {
  const named = process.env.DOCKER_HOST;
  if (named === ourHost) return undefined;
  if (named !== undefined && named !== '') return (await answers(named)) ? named : undefined;
  const context = await ask('docker', ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']);
  const host = context?.trim();
  return host && host !== ourHost && (await answers(host)) ? host : undefined;
}

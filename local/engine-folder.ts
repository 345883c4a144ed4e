import { join } from 'node:path';
import { cacheRoot } from './cache.ts';
import { EngineUsers } from './engine-users.ts';
import { withLock } from './lock.ts';
import type { Report } from './report.ts';

/**
 * Run-time state of our engine. One place a machine, not one a cache root: two engines would fight over the
 * bridge and the firewall chains, so a second cache root shares the engine of the first.
 */
export const engineRun = '/run/cryptosense-engine';
export const engineSocket = join(engineRun, 'docker.sock');
export const enginePidFile = join(engineRun, 'docker.pid');
export const engineExecRoot = join(engineRun, 'exec');
/** What the machine looked like before the engine was started. */
export const engineBefore = join(engineRun, 'before.json');
export const engineUsers = new EngineUsers(join(engineRun, 'users'));

/** Images and layers: they outlive the engine, so that the next start is warm. */
export function engineData(): string {
  return join(cacheRoot(), 'engine');
}

/** Starting, stopping and counting users happen one at a time; beside the folder, which is removed at the end. */
export function withEngineLock<T>(report: Report, work: () => Promise<T>): Promise<T> {
  return withLock(`${engineRun}.lock`, 'starting or stopping the container engine', report, work);
}

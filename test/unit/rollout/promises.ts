import { isDeepStrictEqual } from 'node:util';
import { statusSchema } from '../../../operator/api/status.ts';
import type { RolloutDecision, RolloutMemory } from '../../../operator/rollout/state.ts';
import type { Simulation } from './simulation.ts';

// What a release promises in every second of its life, told without the operator's own guard. What is broken is said in `world.broken`.

/** The API server refuses a status with a field that it does not know, and the operator would try for ever. */
export function checkSchema(world: Simulation): void {
  const { success, data, error } = statusSchema.safeParse(world.memory);
  if (!success) world.broken.push(`the status is refused: ${error.message}`);
  else if (!isDeepStrictEqual(data, world.memory))
    world.broken.push(`the status has fields that are not in its schema: ${JSON.stringify(world.memory)}`);
}

/** The weight in status is the one that the router has confirmed, and no other until it confirms another. */
export function checkStatus(
  world: Simulation,
  before: RolloutMemory['candidate'],
  isConfirmed: boolean,
): void {
  const { candidate } = world.memory;
  if (!candidate || world.dieAfterWrites <= 0) return;
  const isSame = before?.revision === candidate.revision && before.startedAt === candidate.startedAt;
  if (!isConfirmed && !isSame) return;
  const truth = isConfirmed ? (world.confirmed[candidate.revision] ?? 0) : before?.weight;
  if (candidate.weight !== truth)
    world.broken.push(`status says ${candidate.weight} % of ${candidate.revision}, confirmed are ${truth} %`);
}

/** What gets requests keeps the pods for them: no write takes any of these away. Told without the operator's own guard. */
export function checkCapacity(world: Simulation, before: ReadonlyMap<string, number | undefined>): void {
  const { weights = {}, extra } = world.route ?? {};
  const inUse = [extra?.headers?.revision, extra?.mirror?.revision];
  for (const [revision, { replicas }] of world.pods) {
    const had = before.get(revision) ?? 0;
    if ((replicas ?? 0) >= had || world.replicas === 0) continue;
    const share = Math.max(weights[revision] ?? 0, world.confirmed[revision] ?? 0);
    const needed = Math.ceil(((world.replicas - world.maxUnavailable) * share) / 100);
    const isOff = replicas === undefined && inUse.includes(revision);
    if (!world.isOutage && ((replicas ?? 0) < Math.min(needed, had) || isOff))
      world.broken.push(`${revision} goes from ${had} to ${replicas} pods with ${share} % of the requests`);
  }
}

/** What the selector of a Service finds does the work: no write takes pods away that are needed, with it or the one before. */
export function checkFound(world: Simulation, before: ReadonlyMap<string, number | undefined>): void {
  if (!world.route || world.isOutage || world.replicas === 0) return;
  const selectors = [
    { shared: world.route.shared === true, weights: world.route.weights },
    { shared: world.wasShared, weights: world.confirmed },
  ];
  for (const { shared, weights } of selectors) {
    const found = [...world.pods].filter(([revision]) => shared || (weights[revision] ?? 0) > 0);
    const had = found.reduce((sum, [revision, p]) => sum + Math.min(p.ready, before.get(revision) ?? 0), 0);
    const left = found.reduce((sum, [, p]) => sum + Math.min(p.ready, p.replicas ?? 0), 0);
    if (left < Math.min(had, world.replicas - world.maxUnavailable))
      world.broken.push(`the Service had ${had} ready pods and has ${left}`);
  }
}

/** Nobody gets more than its ready pods can serve, while another could: but for an abort, which waits for nothing. */
export function checkShares(
  world: Simulation,
  { memory }: RolloutDecision,
  wanted: Readonly<Record<string, number>>,
): void {
  if (world.isOutage || world.replicas === 0) return;
  const have = world.route?.weights ?? {};
  const ready = (revision: string) => world.pods.get(revision)?.ready ?? 0;
  const stable = memory.stable?.revision ?? '';
  const grows = (revision: string) => (wanted[revision] ?? 0) > (have[revision] ?? 0);
  const tried = memory.candidate?.revision;
  // Of as many pods as are ready, if these are too few for all of the work.
  const there = ready(tried ?? '') + ready(stable);
  const canServe = (revision: string, size: number) =>
    ready(revision) >= Math.floor((Math.min(size, there) * (wanted[revision] ?? 0)) / 100);
  const isMore = tried !== undefined && grows(tried) && ready(stable) > 0;
  if (isMore && !canServe(tried, world.replicas - world.maxUnavailable))
    world.broken.push(`${tried} gets ${wanted[tried]} % with ${ready(tried)} ready pods`);
  const leaving = memory.retired?.find(
    ({ revision, gradual }) =>
      gradual && ready(revision) > 0 && (have[revision] ?? 0) > (wanted[revision] ?? 0),
  );
  const back = Math.floor((world.replicas * (wanted[stable] ?? 0)) / 100);
  if (world.router === 'gateway' && leaving && ready(stable) > 0 && ready(stable) < back)
    world.broken.push(`${stable} gets ${wanted[stable]} % back with ${ready(stable)} ready pods`);
}

/** A Service that finds all pods finds those of two releases. */
export function checkThird(world: Simulation): void {
  if (!world.route?.shared) return;
  const there = [...world.pods].filter(([, p]) => Math.max(p.there, p.replicas ?? 0) > 0);
  if (there.length > 2 && !world.isOutage)
    world.broken.push(`the Service finds the pods of ${there.map(([revision]) => revision).join(', ')}`);
}

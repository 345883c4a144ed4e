import { create, mergePatch, remove, serverSideApply } from '../../../operator/kube/apply.ts';
import { KubeError } from '../../../operator/kube/errors.ts';
import type { ApiServer } from '../apiserver.ts';
import type { Fault } from '../fault-proxy.ts';
import { SeededRandom } from '../seeded-random.ts';
import type { World } from './chaos-world.ts';
import { CONFIG_MAPS, configMap } from './things.ts';

const NAMES = 24;
/** Most writes of a race are of these few, so that writers meet. */
const HOT_NAMES = 2;

const anyOf = (chance: SeededRandom): Fault =>
  chance.pick<() => Fault>([
    () => ({
      do: 'refuse',
      code: 429,
      reason: 'TooManyRequests',
      retryAfterSeconds: chance.pick([0, 0, 0, 1]),
    }),
    () => ({ do: 'refuse', code: 409, reason: 'Conflict' }),
    () => ({ do: 'refuse', code: 500, reason: 'InternalError' }),
    () => ({ do: 'refuse', code: 503, reason: 'ServiceUnavailable' }),
    () => ({ do: 'refuse', code: 503, reason: 'ServiceUnavailable', retryAfterSeconds: 0 }),
    () => ({ do: 'delay', ms: chance.between(5, 80) }),
    () => ({ do: 'delay the answer', ms: chance.between(5, 80) }),
    () => ({ do: 'delay the answer', ms: chance.between(5, 80) }),
    () => ({ do: 'halve' }),
    () => ({ do: 'lose the request' }),
    () => ({ do: 'lose the answer' }),
    () => ({ do: 'stall' }),
  ])();

/** What befalls all connections, at one moment of a round. */
const strokes: [string, (world: World) => unknown][] = [
  ['watches cut inside an event', ({ proxy }) => proxy.cutWatches()],
  ['watches cut inside an event', ({ proxy }) => proxy.cutWatches()],
  ['watches delayed', ({ proxy, chance }) => proxy.delayWatches(chance.between(20, 200))],
  ['watches delayed', ({ proxy, chance }) => proxy.delayWatches(chance.between(20, 200))],
  ['watches ended', ({ proxy }) => proxy.endWatches()],
  ['watches expired', ({ proxy }) => proxy.expireWatches()],
  ['watches silenced', ({ proxy }) => proxy.silenceWatches()],
  ['all connections cut', ({ proxy }) => proxy.cut()],
  ['compactions', ({ server }) => compacted(server)],
  [
    'compactions and watches cut',
    async ({ server, proxy }) => {
      await compacted(server);
      proxy.cutWatches();
    },
  ],
];

/** Nothing was written since the last compaction: then it is as we want it. */
export async function compacted(server: ApiServer): Promise<void> {
  await server.compact().catch((error: Error) => {
    if (!error.message.includes('has been compacted')) throw error;
  });
}

/** Only a refusal or a broken connection may come out of a call; anything else is a bug. */
async function tolerated<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof KubeError) return undefined;
    throw error;
  }
}

/** Another client, who does not know of us. */
async function foreignWrite({ direct, chance }: World, name: string, mark: string): Promise<void> {
  const kind = chance.next();
  if (kind < 0.4) await tolerated(create(direct, CONFIG_MAPS, configMap(name, { mark })));
  else if (kind < 0.75) await tolerated(mergePatch(direct, CONFIG_MAPS, 'default', name, { data: { mark } }));
  else await tolerated(remove(direct, CONFIG_MAPS, 'default', name));
}

/** A write of our own, which tells the store what came of it. */
async function ownWrite({ ours, chance, reflector, witness }: World, name: string, mark: string) {
  const { store } = reflector;
  const timeoutMs = 1_500;
  if (chance.happens(0.65)) {
    const options = { fieldManager: 'chaos', timeoutMs };
    const written = await tolerated(serverSideApply(ours, CONFIG_MAPS, configMap(name, { mark }), options));
    if (written === undefined) return;
    store.observeWrite(written);
    // Another writer's later answer may have come first.
    witness.look(`default/${name}`);
    return;
  }
  const stored = store.get('default', name);
  if (stored === undefined) return;
  const { uid } = stored.metadata;
  let isGone = false;
  const removal = remove(ours, CONFIG_MAPS, 'default', name, { uid, timeoutMs }).then((left) => {
    isGone = left === undefined;
  });
  await tolerated(removal);
  if (!isGone) return;
  store.observeRemoval(stored);
  witness.removed(uid);
}

/** Some writes by others and by us, while requests fail and watches break by chance. */
export async function storm(world: World): Promise<void> {
  const { proxy, chance, tally, witness } = world;
  const count = (name: string) => tally.set(name, (tally.get(name) ?? 0) + 1);
  const faults = new SeededRandom(chance.between(0, 2 ** 31));
  // In a race nothing fails, but answers come late and in another order than the server's.
  const isRace = chance.happens(0.3);
  const share = isRace ? 0.6 : chance.pick([0, 0.1, 0.3, 0.5]);
  witness.failing = chance.pick([0, 0.2, 0.5]);
  proxy.script = () => {
    if (!faults.happens(share)) return undefined;
    const fault: Fault = isRace ? { do: 'delay the answer', ms: faults.between(1, 60) } : anyOf(faults);
    count(fault.do === 'refuse' ? `${fault.code}` : fault.do);
    return fault;
  };
  const lane = async (write: (world: World, name: string, mark: string) => Promise<void>, writes: number) => {
    for (let i = 0; i < writes; i++) {
      const name = `thing-${chance.between(0, (chance.happens(isRace ? 0.9 : 0.1) ? HOT_NAMES : NAMES) - 1)}`;
      await write(world, name, String(chance.between(0, 9_999)));
    }
  };
  const struck = async () => {
    for (let i = chance.between(0, 3); i > 0; i--) {
      await new Promise((resolve) => setTimeout(resolve, chance.between(0, 60)));
      const [name, strike] = chance.pick(strokes as [(typeof strokes)[0], ...typeof strokes]);
      count(name);
      await strike(world);
    }
  };
  const lanes = [lane(foreignWrite, chance.between(2, 12)), struck()];
  for (let i = 0; i < 3; i++) lanes.push(lane(ownWrite, chance.between(0, isRace ? 10 : 6)));
  await Promise.all(lanes);
}

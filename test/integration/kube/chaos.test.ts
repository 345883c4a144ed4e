import { isDeepStrictEqual } from 'node:util';
import * as assert from 'uvu/assert';
import { create } from '../../../operator/kube/apply.ts';
import { listAll } from '../../../operator/kube/list-watch.ts';
import { suite } from '../../harness/suite.ts';
import { eventually } from '../processes.ts';
import { inWorld, type World } from './chaos-world.ts';
import { type Footprint, footprint } from './footprint.ts';
import { compacted, storm } from './storm.ts';
import { CONFIG_MAPS, configMap } from './things.ts';
import { faces } from './witness.ts';

const test = suite('chaos before a real API server');
const rounds = Number(process.env.CHAOS_ROUNDS ?? 200);
// One storm for everybody, so that a red run means a change in the code; CHAOS_SEED=random looks for new ones.
const { CHAOS_SEED = '64' } = process.env;
const seed = CHAOS_SEED === 'random' ? Math.floor(Math.random() * 1_000_000) : Number(CHAOS_SEED);
/** More than a page of the list, so that lists can break between their pages. */
const BALLAST = 520;
const RESTARTS = 2;
/** How much more may be held after the rounds than after the first fifth of them, when everything has been used once. */
const MOST_GROWTH = { heapKib: 4_096, handles: 16 };
/** Five are used at once: three writers, the list, the watch; those a call gave up are closed by and by. */
const MOST_CONNECTIONS = 16;

/** Waits until nothing is under way any more, then compares all views of the world with the server's. */
async function settle({ proxy, direct, reflector, witness }: World, round: number): Promise<void> {
  witness.failing = 0;
  proxy.calm();
  await eventually(`round ${round}: no request is under way`, () => proxy.underWay === 0);
  const { items } = await listAll(direct, { resource: CONFIG_MAPS });
  const server = faces(items);
  const views = () => ({
    'the store': faces(reflector.store.list()),
    'what was announced': witness.told,
    'what was reconciled': witness.reconciled,
  });
  const differing = () =>
    Object.entries(views()).flatMap(([name, view]) => (isDeepStrictEqual(view, server) ? [] : [name]));
  try {
    const isSettled = () =>
      differing().length === 0 && witness.unfinished === undefined && reflector.store.size === server.size;
    await eventually('the world is at rest', isSettled, 20_000);
  } catch {
    const wrong = Object.entries(views()).flatMap(([name, view]) => difference(name, view, server));
    throw new Error(
      `Round ${round}: ${[witness.unfinished ?? 'the queue is empty', ...wrong].join('\n')}\n${witness.broken.join('\n')}`,
    );
  }
  assert.equal(witness.broken, [], `round ${round}`);
}

function difference(name: string, view: Map<string, string>, server: Map<string, string>): string[] {
  return [...new Set([...view.keys(), ...server.keys()])]
    .filter((key) => view.get(key) !== server.get(key))
    .map((key) => `${key}: ${name} has ${view.get(key)}, the server ${server.get(key)}`);
}

async function chaos(flags: string[], count: number, seeded: number): Promise<void> {
  await inWorld(flags, seeded, async (world) => {
    const { server, direct, chance, tally, reflector, witness, proxy } = world;
    const names = Array.from({ length: BALLAST }, (_, i) => `ballast-${i}`);
    while (names.length > 0) {
      const some = names.splice(0, 40);
      await Promise.all(some.map((name) => create(direct, CONFIG_MAPS, configMap(name))));
    }
    const warm = Math.ceil(count / 5);
    let before: Footprint | undefined;
    const restarts = new Set(Array.from({ length: RESTARTS }, () => chance.between(1, count)));
    for (let round = 1; round <= count; round++) {
      if (restarts.has(round)) {
        await Promise.all([storm(world), server.kill()]);
        if (chance.happens(0.7)) await compacted(server);
        await Promise.all([storm(world), server.restart()]);
      } else await storm(world);
      await settle(world, round);
      if (round === warm) before = await footprint();
    }
    const after = await footprint();
    const happened = {
      ...Object.fromEntries([...tally].sort()),
      restarts: restarts.size,
      ...reflector.counts,
    };
    console.log(`\nnote: ${count} rounds ${flags.join(' ')}: ${JSON.stringify(happened)}`);
    const { reconciliations, failures } = witness;
    console.log(
      `note: ${reconciliations} reconciliations, ${failures} of them failed; ${proxy.open} connections`,
    );
    console.log(`note: held from ${JSON.stringify(before)} to ${JSON.stringify(after)}`);
    assert.ok(failures > 0 && reconciliations > failures, 'there was something to see');
    assert.ok(proxy.open <= MOST_CONNECTIONS, `${proxy.open} connections are open`);
    for (const what of ['heapKib', 'handles'] as const) {
      const growth = after[what] - (before?.[what] ?? 0);
      assert.ok(growth <= MOST_GROWTH[what], `${what} grew by ${growth}`);
    }
  });
}

// The seed gives the same script again, not the same interleaving: that is the machine's.
console.log(`note: CHAOS_SEED=${seed}`);

test(`after each of ${Math.ceil(rounds / 2)} rounds every view equals the server, which watches from a cache`, () =>
  chaos([], Math.ceil(rounds / 2), seed));

test(`after each of ${Math.floor(rounds / 2)} rounds every view equals the server, whose compactions end watches`, () =>
  chaos(['--watch-cache-sizes=configmaps#0'], Math.floor(rounds / 2), seed + 2));

test.run();

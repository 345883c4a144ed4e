import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { VERBS } from '../../../operator/rollout/state.ts';
import { suite } from '../../harness/suite.ts';
import { Simulation } from './simulation.ts';

const test = suite('random histories');

type Rollout = NonNullable<EnvironmentSpec['rollout']>;

const seconds = fc.integer({ min: 1, max: 40 });
const weight = fc.integer({ min: 0, max: 99 });
const headers = [{ name: 'X-Beta', value: 'yes' }];
const noHeaders: typeof headers = [];

/** Also steps that nobody would write: shares that fall, a first pause without a share, copies without pods. */
const steps = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ weight }) },
      {
        weight: 3,
        arbitrary: fc.constantFrom({ pause: '5s' }, { pause: '20s' }, { pause: 'untilPromoted' }),
      },
      { weight: 1, arbitrary: fc.constantFrom({ replicas: 3 }, { replicas: '50%' }, { replicas: 0 }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom({ headers }, { headers: noHeaders }, { mirror: 10 }, { mirror: 0 }),
      },
    ),
    { maxLength: 5 },
  )
  .map((some) => [...some, { weight: 100 }]);

const pods = fc.constantFrom(0, 1, 2, '25%', '100%');

const rollout: fc.Arbitrary<Rollout> = fc.record({
  strategy: fc.constantFrom('canary' as const, 'canary' as const, 'blueGreen' as const, 'rolling' as const),
  canary: fc.record({ steps, dynamicStableScale: fc.boolean() }),
  blueGreen: fc.record({
    previewReplicas: pods,
    autoPromote: fc.boolean(),
    autoPromoteDelay: fc.constantFrom('0s', '10s'),
  }),
  rolling: fc.record({ maxSurge: pods, maxUnavailable: pods, autoRollback: fc.boolean() }),
  scaleDownDelay: fc.constantFrom('0s', '10s', '30s'),
  rollbackWindow: fc.constantFrom('0s', '1m'),
  progressDeadline: fc.constantFrom('10s', '40s'),
});

const event = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('time' as const), seconds }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('release' as const), good: fc.boolean(), starts: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('command' as const),
      verb: fc.constantFrom(...VERBS),
      to: fc.nat(5),
      isCurrent: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('edit' as const), rollout }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('off' as const), seconds }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('back' as const), to: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('scale' as const), replicas: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('crash' as const), writes: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('lostStatus' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('outage' as const), seconds }) },
  /** The clock of the operator's machine is set. */
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('clock' as const),
      seconds: fc.integer({ min: -60, max: 600 }),
    }),
  },
);

type Happened = typeof event extends fc.Arbitrary<infer E> ? E : never;

function happen(world: Simulation, happened: Happened, i: number): void {
  const names = [...world.pods.keys()];
  switch (happened.type) {
    case 'time':
      for (let s = 0; s < happened.seconds; s++) world.tick();
      return;
    case 'release':
      world.release(`r${i + 1}`, { errorRatio: happened.good ? 0 : 0.4, starts: happened.starts });
      return;
    case 'command': {
      const current = (world.memory.candidate ?? world.memory.stable)?.revision;
      const named = happened.isCurrent ? current : names[happened.to % names.length];
      world.command(happened.verb, named ?? 'nothing');
      return;
    }
    case 'edit':
      world.spec = { ...world.spec, rollout: happened.rollout };
      return;
    case 'off':
      world.off(happened.seconds);
      return;
    case 'back':
      world.release(names[happened.to % names.length] as string);
      return;
    case 'scale':
      world.replicas = happened.replicas;
      return;
    case 'crash':
      world.dieAfterWrites = happened.writes;
      for (let s = 0; s < 5; s++) world.tick();
      world.dieAfterWrites = Number.POSITIVE_INFINITY;
      return;
    case 'lostStatus':
      world.memory = {};
      return;
    case 'outage':
      world.outage(happened.seconds);
      return;
    case 'clock':
      world.now += happened.seconds * 1000;
  }
}

/** A person does what the release waits for, so that it can come to its end. */
function rest(world: Simulation): void {
  for (let s = 0; s < 2000; s++) {
    world.tick();
    const { candidate } = world.memory;
    if (world.last?.progressing === false && world.last.againInMs === undefined) return;
    if (!candidate || world.commands.length > 0) continue;
    if (world.last?.blocked) world.command('abort', candidate.revision);
    else if (candidate.heldSince) world.command('resume', candidate.revision);
    else if (candidate.arrived) world.command('promote', candidate.revision);
  }
  throw new Error(`it comes to no rest: ${world.last?.summary}`);
}

/** Without a gateway, steps that need one are refused before they come here. */
function withoutGateway(policy: Rollout): Rollout {
  const some = policy.canary?.steps?.filter((step) => !('headers' in step) && !('mirror' in step)) ?? [];
  return { ...policy, canary: { ...policy.canary, steps: some } };
}

test('A1 A2 A3 no history of releases, commands, edits, crashes, clocks, scaling, outages and lost status breaks a promise, and each comes to rest', () => {
  fc.assert(
    fc.property(
      rollout,
      fc.integer({ min: 1, max: 4 }),
      fc.array(event, { maxLength: 30 }),
      fc.constantFrom('gateway' as const, 'service' as const),
      (policy, delay, history, mode) => {
        const possible = mode === 'service' ? withoutGateway : (whole: Rollout) => whole;
        const world = new Simulation({ rollout: possible(policy), routing: { mode } });
        world.confirmsAfter = delay;
        world.release('r0');
        world.until(() => world.memory.stable !== undefined);
        for (const [i, happened] of history.entries()) {
          const isEdit = happened.type === 'edit';
          happen(world, isEdit ? { ...happened, rollout: possible(happened.rollout) } : happened, i);
        }
        // A decision of before the last event says nothing about it.
        world.tick();
        rest(world);
        // fast-check shows the message of an error and nothing else of it.
        if (world.broken.length > 0) throw new Error(world.broken.join('; '));
        const { stable, rejected, candidate, undone } = world.memory;
        const asked = undone?.revision ?? world.desired;
        assert.is(candidate, undefined);
        assert.ok(stable?.revision === asked || rejected?.revision === asked);
        assert.equal(world.route?.weights, { [stable?.revision as string]: 100 });
        assert.is(world.route?.extra, undefined);
        assert.is(world.route?.shared, undefined);
        assert.equal(world.commands, []);
        const running = [...world.pods]
          .filter(([, p]) => p.replicas !== undefined)
          .map(([revision]) => revision);
        assert.equal(running, [stable?.revision]);
      },
    ),
    { numRuns: Number(process.env.HISTORIES ?? 5000), ...seeded() },
  );
});

/** HISTORIES_SEED and HISTORIES_PATH, as a failure prints them, do that failure again. */
function seeded(): { seed?: number; path?: string } {
  const { HISTORIES_SEED: seed, HISTORIES_PATH: path } = process.env;
  return { ...(seed ? { seed: Number(seed) } : {}), ...(path ? { path } : {}) };
}

test.run();

import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { Simulation } from './simulation.ts';

const test = suite('random histories');

const event = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('time' as const), seconds: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('release' as const), good: fc.boolean(), starts: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('off' as const), seconds: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('back' as const), to: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('scale' as const), replicas: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('crash' as const), writes: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('lostStatus' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('outage' as const), seconds: fc.integer({ min: 1, max: 40 }) }),
  },
);

const pauses = [{ pause: '5s' }, { pause: '20s' }];
/** Also those that nobody would write: shares that fall, a first pause without a share. */
const steps = fc
  .array(fc.oneof(fc.record({ weight: fc.integer({ min: 0, max: 99 }) }), fc.constantFrom(...pauses)), {
    maxLength: 5,
  })
  .map((some) => [...some, { weight: 100 }]);

test('no history of releases, crashes, scaling, outages and lost status breaks a promise, and each comes to rest', () => {
  fc.assert(
    fc.property(steps, fc.array(event, { maxLength: 30 }), (canarySteps, history) => {
      const world = new Simulation({ rollout: { canary: { steps: canarySteps } } });
      world.release('r0');
      world.until(() => world.memory.stable !== undefined);
      for (const [i, happened] of history.entries()) {
        if (happened.type === 'time') for (let s = 0; s < happened.seconds; s++) world.tick();
        if (happened.type === 'release') {
          world.release(`r${i + 1}`, { errorRatio: happened.good ? 0 : 0.4, starts: happened.starts });
        }
        if (happened.type === 'back') {
          const names = [...world.pods.keys()];
          world.release(names[happened.to % names.length] as string);
        }
        if (happened.type === 'scale') world.replicas = happened.replicas;
        if (happened.type === 'crash') {
          world.dieAfterWrites = happened.writes;
          for (let s = 0; s < 5; s++) world.tick();
          world.dieAfterWrites = Number.POSITIVE_INFINITY;
        }
        if (happened.type === 'lostStatus') world.memory = {};
        if (happened.type === 'off') world.off(happened.seconds);
        if (happened.type === 'outage') world.outage(happened.seconds);
      }
      // A decision of before the last event says nothing about it.
      world.tick();
      world.until(() => world.last?.progressing === false && world.last.againInMs === undefined, 2000);
      assert.equal(world.broken, []);
      const { stable, rejected, candidate } = world.memory;
      assert.is(candidate, undefined);
      assert.ok(stable?.revision === world.desired || rejected?.revision === world.desired);
      assert.equal(world.route?.weights, { [stable?.revision as string]: 100 });
      const running = [...world.pods]
        .filter(([, p]) => p.replicas !== undefined)
        .map(([revision]) => revision);
      assert.equal(running, [stable?.revision]);
    }),
    { numRuns: Number(process.env.HISTORIES ?? 500) },
  );
});

test.run();

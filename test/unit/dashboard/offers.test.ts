import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { detailOf } from '../../../operator/dashboard/detail.ts';
import type { Verb } from '../../../operator/rollout/state.ts';
import { suite } from '../../harness/suite.ts';
import { World } from '../environment/world.ts';

const test = suite('commands that the dashboard offers');

const serving = new World().create();
await serving.rest();

const pause = { pause: 'untilPromoted' };
const ROLLOUTS: Record<string, NonNullable<EnvironmentSpec['rollout']>> = {
  canary: { canary: { steps: [{ weight: 10 }, pause, { weight: 50 }, { pause: '5s' }, { weight: 100 }] } },
  blueGreen: { strategy: 'blueGreen', blueGreen: { autoPromote: false } },
  rolling: { strategy: 'rolling' },
};

/** Gives each command that is offered now to a copy of the world, and returns what the operator says of them. */
async function tried(world: World): Promise<string[]> {
  const said: string[] = [];
  for (const { verb, target } of detailOf(world.environment).offers) {
    const copy = new World(world);
    const before = copy.status.lastCommand?.at;
    copy.command(verb as Verb, Number(target.split('-')[0]));
    await copy.until(() => copy.status.lastCommand !== undefined && copy.status.lastCommand.at !== before);
    const { accepted, message } = copy.status.lastCommand ?? {};
    said.push(accepted ? verb : `${verb} is refused: ${message}`);
  }
  return said;
}

for (const [strategy, rollout] of Object.entries(ROLLOUTS)) {
  test(`every command that is offered on the way of a ${strategy} release is one that the operator carries out`, async () => {
    const world = new World(serving);
    world.edit((spec) => {
      spec.rollout = { ...spec.rollout, ...rollout };
    });
    world.release('api:2');
    const seen = new Set<string>();
    for (let second = 0; second < 30; second++) {
      for (const outcome of await tried(world)) {
        assert.not.match(outcome, 'refused', `${outcome}, with: ${world.status.summary}`);
        seen.add(outcome);
      }
      await world.settle();
      world.step();
    }
    assert.ok(seen.has('abort') && seen.has('pause'), [...seen].join());
    assert.is(seen.has('promote-full'), strategy !== 'rolling');
  });
}

test('a release that is held can be resumed, and one that was aborted tried again', async () => {
  const world = new World(serving);
  world.edit((spec) => {
    spec.rollout = { ...spec.rollout, ...ROLLOUTS.canary };
  });
  world.release('api:2');
  await world.until(() => world.status.candidate !== undefined);
  world.command('pause', 2);
  await world.until(() => world.status.candidate?.heldSince !== undefined);
  const held = detailOf(world.environment);
  assert.is(held.state, 'waiting');
  assert.ok(held.offers.some(({ verb }) => verb === 'resume'));
  assert.not.ok(held.offers.some(({ verb }) => verb === 'pause'));
  assert.equal(
    (await tried(world)).filter((outcome) => /refused/.test(outcome)),
    [],
  );
  world.command('abort', 2);
  await world.until(() => world.status.rejected !== undefined);
  const back = detailOf(world.environment);
  assert.is(back.state, 'rolledBack');
  assert.ok(back.offers.some(({ verb }) => verb === 'retry'));
  assert.equal(
    (await tried(world)).filter((outcome) => /refused/.test(outcome)),
    [],
  );
});

test('while spec.paused holds, the page says that commands wait', async () => {
  const world = new World(serving);
  world.edit((spec) => {
    spec.paused = true;
  });
  await world.rest();
  assert.is(detailOf(world.environment).noCommands, 'spec.paused is true: commands wait until it is false.');
  assert.is(detailOf(world.environment).state, 'paused');
});

test.run();

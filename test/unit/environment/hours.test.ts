import * as assert from 'uvu/assert';
import { renderComponents } from '../../../charts/render.ts';
import { isQuiet, untilChange, withFloor } from '../../../operator/environment/autoscaling.ts';
import { isOpen, nextOpening } from '../../../operator/environment/maintenance.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';
import { resolved } from '../charts/environments.ts';
import { QUICK, World } from './world.ts';

const test = suite('quiet hours and maintenance windows');

interface Autoscaler {
  spec: { minReplicas: number };
}

const at = (time: string) => Date.parse(`${time}Z`);
const HOUR = 3_600_000;

test('quiet hours begin at their start, end before their end, and may go over midnight', () => {
  const night = { start: '02:00', end: '06:00' };
  assert.equal(
    ['01:59:59', '02:00:00', '05:59:59', '06:00:00'].map((time) => isQuiet(night, at(`2026-01-05T${time}`))),
    [false, true, true, false],
  );
  const late = { start: '22:30', end: '05:00' };
  assert.equal(
    ['22:29:59', '22:30:00', '00:00:00', '04:59:59', '05:00:00'].map((time) =>
      isQuiet(late, at(`2026-01-05T${time}`)),
    ),
    [false, true, true, true, false],
  );
});

test('every moment is as quiet as the last change said, and the next change really changes it', () => {
  for (const hours of [
    { start: '02:00', end: '06:00' },
    { start: '22:30', end: '05:00' },
    { start: '00:00', end: '00:01' },
  ]) {
    for (let now = at('2026-01-05T00:00:00'); now < at('2026-01-06T00:00:00'); now += HOUR / 4) {
      const change = now + untilChange(hours, now);
      assert.is(
        isQuiet(hours, change - 1),
        isQuiet(hours, now),
        `${hours.start} ${new Date(now).toISOString()}`,
      );
      assert.is(
        isQuiet(hours, change),
        !isQuiet(hours, now),
        `${hours.start} ${new Date(now).toISOString()}`,
      );
    }
  }
});

test('quiet hours move the floor of the autoscaler and nothing else', () => {
  const environment = resolved({
    tier: 'production',
    autoscaling: { minReplicas: 4, quietHours: { start: '02:00', end: '06:00', minReplicas: 2 } },
  });
  const manifests = Object.values(renderComponents(environment)).flat();
  const floors = (time: string) =>
    manifests
      .map((manifest) => [manifest, withFloor(manifest, environment.spec, at(time))] as const)
      .filter(([before, after]) => JSON.stringify(before) !== JSON.stringify(after))
      .map(([, { kind, spec }]) => [kind, (spec as { minReplicas: number }).minReplicas]);
  assert.equal(floors('2026-01-05T03:00:00'), [['HorizontalPodAutoscaler', 2]]);
  assert.equal(floors('2026-01-05T06:00:00'), []);
});

test('the operator wakes up for quiet hours by itself', async () => {
  const world = new World().create({
    ...QUICK,
    autoscaling: {
      minReplicas: 3,
      maxReplicas: 5,
      quietHours: { start: '10:05', end: '10:10', minReplicas: 1 },
    },
  });
  const floor = () =>
    (world.server.get<Live>('HorizontalPodAutoscaler', 'shop-api') as Live & Autoscaler).spec.minReplicas;
  await world.until(() => world.condition('Ready')?.status === 'True');
  assert.is(floor(), 3);
  const start = at('2026-01-05T10:05:00');
  await world.until(() => world.now > start);
  assert.is(floor(), 1);
  await world.until(() => world.now > start + 5 * 60_000);
  assert.is(floor(), 3);
});

test('a maintenance window opens on its days and may reach into the next one', () => {
  const sunday = { days: ['Sunday' as const], start: '23:30', duration: '1h' };
  // 2026-01-11 is a Sunday.
  assert.equal(
    ['2026-01-11T23:29:59', '2026-01-11T23:30:00', '2026-01-12T00:29:59', '2026-01-12T00:30:00'].map((time) =>
      isOpen(sunday, at(time)),
    ),
    [false, true, true, false],
  );
  assert.is(nextOpening(sunday, at('2026-01-11T23:30:00')), at('2026-01-18T23:30:00'));
  assert.is(nextOpening(sunday, at('2026-01-11T23:29:59')), at('2026-01-11T23:30:00'));
  const always = { days: ['Monday' as const, 'Thursday' as const], start: '00:00', duration: '24h' };
  assert.equal(
    ['2026-01-05T00:00:00', '2026-01-06T00:00:00', '2026-01-08T23:59:59'].map((time) =>
      isOpen(always, at(time)),
    ),
    [true, false, true],
  );
});

test.run();

import * as assert from 'uvu/assert';
import type { EnvironmentStatus } from '../../../operator/api/status.ts';
import { follow } from '../../../operator/dashboard/course.ts';
import { Courses } from '../../../operator/dashboard/courses.ts';
import type { Course } from '../../../operator/dashboard/shapes.ts';
import { suite } from '../../harness/suite.ts';
import { World } from '../environment/world.ts';

const test = suite('the course of a rollout as the dashboard remembers it');
const START = Date.parse('2026-01-01T00:00:00Z');
const iso = (ms: number) => new Date(ms).toISOString();

function status(candidate: Partial<NonNullable<EnvironmentStatus['candidate']>> = {}): EnvironmentStatus {
  return {
    readyReplicas: 4,
    candidate: {
      revision: 'b',
      number: 2,
      image: 'api:2',
      step: 0,
      steps: 3,
      startedAt: iso(START),
      weight: 0,
      arrived: false,
      replicas: 1,
      readyReplicas: 0,
      ...candidate,
    },
  };
}

test('a whole canary is drawn from its first request to its promotion', async () => {
  const world = new World().create();
  await world.rest();
  let course: Course | undefined;
  world.release('api:2');
  for (let second = 0; second < 120; second++) {
    course = follow(course, world.status, world.now);
    await world.settle();
    world.step();
  }
  assert.is(course?.ended?.outcome, 'promoted');
  const weights = course?.samples.map(([, weight]) => weight) ?? [];
  assert.equal([...new Set(weights)], [0, 10, 100]);
  assert.is(course?.samples[0]?.[0], course?.startedAt);
  assert.ok((course?.marks.length ?? 0) > 0);
  assert.equal(
    course?.samples.map(([at]) => at),
    course?.samples.map(([at]) => at).sort((a, b) => a - b),
  );
});

test('a status that says nothing new costs nothing: the course is the same object', () => {
  const course = follow(undefined, status(), START + 1_000);
  assert.is(follow(course, status(), START + 2_000), course);
  assert.is.not(follow(course, status({ readyReplicas: 1 }), START + 3_000), course);
});

test('however long a rollout lasts, its memory is bounded, and its beginning and its end are kept', () => {
  let course: Course | undefined;
  for (let i = 0; i < 5_000; i++) {
    const at = START + i * 1_000;
    course = follow(
      course,
      status({
        readyReplicas: i % 7,
        measurements: [
          { at: iso(at), verdict: i === 2_500 ? 'fail' : 'pass', requests: i, errors: 0, message: '' },
        ],
      }),
      at,
    );
  }
  assert.ok((course?.samples.length ?? 0) <= 240, String(course?.samples.length));
  assert.ok((course?.marks.length ?? 0) <= 160, String(course?.marks.length));
  assert.is(course?.samples[0]?.[0], START);
  assert.is(course?.samples.at(-1)?.[0], START + 4_999_000);
});

test('a rollout that was under way before says from when on it was seen', () => {
  const course = follow(undefined, status({ weight: 10 }), START + 600_000);
  assert.equal([course?.startedAt, course?.seenFrom], [START, START + 600_000]);
  assert.is(course?.samples.length, 1);
});

test('how it ended is what became of the release', () => {
  const course = follow(undefined, status({ weight: 50 }), START + 1_000);
  const release = { revision: 'b', number: 2, image: 'api:2' };
  const rejected = { ...release, reason: 'Aborted', message: 'it was aborted', at: iso(START) };
  const outcome = (after: EnvironmentStatus) => follow(course, after, START + 9_000)?.ended?.outcome;
  assert.is(outcome({ stable: release }), 'promoted');
  assert.is(outcome({ rejected }), 'rolledBack');
  assert.is(outcome({}), 'replaced');
  const over = follow(course, { rejected }, START + 9_000);
  assert.is(over?.samples.at(-1)?.[1], 0);
  assert.is(follow(over, { rejected }, START + 20_000), over);
  const next = follow(over, status({ startedAt: iso(START + 30_000) }), START + 30_000);
  assert.is(next?.ended, undefined);
});

test('a measurement is one mark, whichever list of the status it is in', () => {
  const at = iso(START + 5_000);
  const metric = { name: 'errors', message: '', count: 1, failures: 0, errors: 0, inconclusive: 0 };
  const both = status({
    measurements: [{ at, verdict: 'pass', requests: 9, errors: 0, message: '' }],
    analyses: [
      { id: 'background', startedAt: iso(START), message: '', metrics: [{ ...metric, verdict: 'pass', at }] },
    ],
  });
  assert.equal(follow(undefined, both, START + 6_000)?.marks, [
    { at: START + 5_000, verdict: 'pass', what: 'errors' },
  ]);
});

test('the newest rollouts are remembered, and none of an environment that is gone', () => {
  const courses = new Courses();
  for (let i = 0; i < 300; i++) courses.observe(`market/e${i}`, { status: status() }, START + i);
  const known = Array.from({ length: 300 }, (_, i) => courses.get(`market/e${i}`)).filter(Boolean);
  assert.is(known.length, 128);
  assert.ok(courses.get('market/e299'));
  courses.observe('market/e299', 'gone', START);
  assert.is(courses.get('market/e299'), undefined);
});

test.run();

import * as assert from 'uvu/assert';
import { violatedBy, type World } from '../../../operator/rollout/invariants.ts';
import type { RevisionView } from '../../../operator/rollout/state.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('guard');

function view(revision: string, ready: number, replicas?: number): RevisionView {
  const pods = replicas === undefined ? {} : { replicas };
  return { revision, number: 1, image: `api:${revision}`, ready, migration: 'complete', ...pods };
}

function world(weights: Record<string, number>, revisions: RevisionView[], confirmed = true): World {
  return { revisions, route: { weights, confirmed }, replicas: 10 };
}

const both = (weights: Record<string, number>, confirmed = true) =>
  world(weights, [view('a', 10, 10), view('b', 1, 1)], confirmed);

test('weights that do not sum to 100 are not routed', () => {
  assert.match(violatedBy({ type: 'route', weights: { a: 90 } }, both({ a: 100 })) ?? '', /WeightsSumTo100/);
  assert.match(violatedBy({ type: 'route', weights: {} }, both({ a: 100 })) ?? '', /WeightsSumTo100/);
  assert.is(violatedBy({ type: 'route', weights: { a: 90, b: 10 } }, both({ a: 100 })), undefined);
});

test('no share grows on a revision without a ready pod while another has one', () => {
  const dead = world({ a: 100 }, [view('a', 10, 10), view('b', 0, 1)]);
  const route = { type: 'route', weights: { a: 90, b: 10 } } as const;
  assert.match(violatedBy(route, dead) ?? '', /NoTrafficWithoutReadyPod \(b\)/);
});

test('a share that shrinks or stays passes, although its revision has no ready pod', () => {
  const dying = world({ a: 50, b: 50 }, [view('a', 10, 10), view('b', 0, 5)]);
  assert.is(violatedBy({ type: 'route', weights: { a: 90, b: 10 } }, dying), undefined);
  assert.is(violatedBy({ type: 'route', weights: { a: 50, b: 50 } }, dying), undefined);
});

test('where no pod is ready at all, the route may go anywhere', () => {
  const dark = world({ a: 100 }, [view('a', 0, 10), view('b', 0, 1)]);
  assert.is(violatedBy({ type: 'route', weights: { b: 100 } }, dark), undefined);
});

test('a revision with a share keeps its pods', () => {
  assert.match(violatedBy({ type: 'remove', revision: 'b' }, both({ a: 90, b: 10 })) ?? '', /b has 10 %/);
  assert.is(violatedBy({ type: 'remove', revision: 'b' }, both({ a: 100 })), undefined);
});

test('a revision keeps its pods while the gateway has not confirmed that it has no share', () => {
  const found = violatedBy({ type: 'remove', revision: 'b' }, both({ a: 100 }, false));
  assert.match(found ?? '', /RoutedRevisionKeepsItsPods \(the gateway has not confirmed/);
});

test('what is left of a revision without pods may go at any time', () => {
  const leftover = world({ a: 100 }, [view('a', 10, 10), view('b', 0)], false);
  assert.is(violatedBy({ type: 'remove', revision: 'b' }, leftover), undefined);
});

test('a revision is not scaled below what its share needs', () => {
  const half = world({ a: 50, b: 50 }, [view('a', 10, 10), view('b', 5, 5)]);
  assert.match(violatedBy({ type: 'scale', revision: 'b', replicas: 4 }, half) ?? '', /ServingCapacity/);
  assert.is(violatedBy({ type: 'scale', revision: 'a', replicas: 5 }, half), undefined);
});

test('more pods, or fewer of a revision without a share, always pass', () => {
  const poor = world({ a: 100 }, [view('a', 1, 1), view('b', 5, 5)]);
  assert.is(violatedBy({ type: 'scale', revision: 'a', replicas: 2 }, poor), undefined);
  assert.is(violatedBy({ type: 'scale', revision: 'b', replicas: 1 }, poor), undefined);
});

test('an environment that somebody scaled to 0 may lose its last pod, another may not', () => {
  const off = { ...world({ a: 100 }, [view('a', 1, 1)]), replicas: 0 };
  assert.is(violatedBy({ type: 'scale', revision: 'a', replicas: 0 }, off), undefined);
  const small = { ...off, replicas: 1 };
  assert.match(violatedBy({ type: 'scale', revision: 'a', replicas: 0 }, small) ?? '', /ServingCapacity/);
});

test('without a route nothing is routed, and everything may be scaled or removed', () => {
  const none = { revisions: [view('a', 1, 1)], route: undefined, replicas: 1 };
  assert.is(violatedBy({ type: 'remove', revision: 'a' }, none), undefined);
  assert.is(violatedBy({ type: 'scale', revision: 'a', replicas: 0 }, none), undefined);
});

/** Behind a Service that finds the pods of all. */
function shared(revisions: RevisionView[], confirmed = true): World {
  return {
    revisions,
    route: { weights: {}, shared: true, confirmed },
    router: 'service',
    replicas: 4,
  };
}
const pinned = (weights: Record<string, number>, revisions: RevisionView[], confirmed = true): World => ({
  ...shared(revisions),
  route: { weights, confirmed },
});

test('a Service that finds the pods of two releases must find none of a third', () => {
  const route = { type: 'route', weights: { a: 80, b: 20 }, shared: ['a', 'b'] } as const;
  const three = [view('a', 4, 4), view('b', 1, 1), view('c', 0, 1)];
  assert.match(violatedBy(route, pinned({ a: 100 }, three)) ?? '', /SharingFindsNoOther \(.* c\)/);
  const gone = { ...view('c', 0), pods: 1 };
  assert.match(
    violatedBy(route, pinned({ a: 100 }, [...three.slice(0, 2), gone])) ?? '',
    /SharingFindsNoOther/,
  );
  assert.is(violatedBy(route, pinned({ a: 100 }, [...three.slice(0, 2), view('c', 0)])), undefined);
});

test('no selector is written that finds no ready pod while there is one', () => {
  const dead = pinned({ a: 100 }, [view('a', 4, 4), view('b', 0, 4)]);
  const route = { type: 'route', weights: { b: 100 } } as const;
  assert.match(violatedBy(route, dead) ?? '', /NoTrafficWithoutReadyPod \(b\)/);
});

test('pods that share are taken away only when enough are left, and never the last ready one', () => {
  const scale = (revision: string, replicas: number) => ({ type: 'scale', revision, replicas }) as const;
  const rich = shared([view('a', 4, 4), view('b', 1, 1)]);
  assert.is(violatedBy(scale('a', 3), rich), undefined);
  assert.match(violatedBy(scale('a', 2), rich) ?? '', /ServingCapacity \(3 of 4/);
  // One that is not ready does no work.
  assert.is(violatedBy(scale('a', 3), shared([view('a', 3, 4), view('b', 1, 1)])), undefined);
  assert.match(violatedBy({ type: 'remove', revision: 'a' }, rich) ?? '', /ServingCapacity \(1 of 4/);
  assert.is(violatedBy({ type: 'remove', revision: 'b' }, rich), undefined);
  const one = { ...shared([view('a', 1, 1), view('b', 0, 1)]), replicas: 1, maxUnavailable: 1 };
  assert.match(violatedBy(scale('a', 0), one) ?? '', /ServingCapacity/);
});

test('while it is not certain which selector is in use, no pod goes that either needs', () => {
  const scale = { type: 'scale', revision: 'a', replicas: 0 } as const;
  const unsure = pinned({ b: 100 }, [view('a', 4, 4), view('b', 4, 4)], false);
  assert.match(violatedBy(scale, unsure) ?? '', /ServingCapacity \(a may still get requests/);
  assert.match(violatedBy({ type: 'remove', revision: 'a' }, unsure) ?? '', /RoutedRevisionKeepsItsPods/);
  assert.is(violatedBy(scale, pinned({ b: 100 }, [view('a', 4, 4), view('b', 4, 4)])), undefined);
});

test.run();

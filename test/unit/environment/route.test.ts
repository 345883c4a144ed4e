import * as assert from 'uvu/assert';
import { renderRoute } from '../../../charts/render.ts';
import { isAnswered, routeView, sameTraffic, withRoutedAt } from '../../../operator/environment/route.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';
import { resolved } from '../charts/environments.ts';

const test = suite('route');
const environment = resolved();
const now = Date.parse('2026-01-05T10:00:00Z');
const backends = (weights: Record<string, number>) =>
  Object.entries(weights).map(([revision, weight]) => ({ revision, weight }));

interface Answer {
  type: string;
  status: string;
  observedGeneration: number;
  message?: string;
}

function live(weights: Record<string, number>, answers: Answer[], routedAt = now - 60_000): Live {
  const manifest = withRoutedAt(renderRoute(environment, backends(weights)), undefined, false, routedAt);
  const metadata = { ...manifest.metadata, uid: 'u', resourceVersion: '9', generation: 4 };
  const status = { parents: answers.length > 0 ? [{ conditions: answers }] : [] };
  return { ...manifest, metadata, status } as Live;
}

const yes = (generation: number): Answer[] =>
  ['Accepted', 'ResolvedRefs'].map((type) => ({ type, status: 'True', observedGeneration: generation }));
const view = (route: Live, answeredAt = now - 60_000) => routeView(route, environment, now, answeredAt);

test('the weights are those of the live route, by revision and without zeros', () => {
  assert.equal(view(live({ aa: 90, bb: 10 }, yes(4))).weights, { aa: 90, bb: 10 });
  assert.equal(view(live({ aa: 100, bb: 0 }, yes(4))).weights, { aa: 100 });
});

test('a backend of somebody else is no revision', () => {
  const route = live({ aa: 100 }, yes(4));
  const { backendRefs } = (route.spec as { rules: { backendRefs: object[] }[] }).rules[0] ?? {};
  backendRefs?.push({ name: 'debug', weight: 5 });
  assert.equal(view(route).weights, { aa: 100 });
});

test('both conditions of this generation confirm the weights', () => {
  assert.is(view(live({ aa: 100 }, yes(4))).confirmed, true);
});

test('one condition, or those of an earlier generation, confirm nothing', () => {
  const [accepted, resolvedRefs] = yes(4) as [Answer, Answer];
  assert.is(view(live({ aa: 100 }, [accepted])).confirmed, false);
  assert.is(view(live({ aa: 100 }, [resolvedRefs])).confirmed, false);
  assert.is(view(live({ aa: 100 }, yes(3))).confirmed, false);
  assert.is(view(live({ aa: 100 }, [accepted, { ...resolvedRefs, observedGeneration: 3 }])).confirmed, false);
});

test('a gateway that has not answered this generation yet is no problem, one that refuses is', () => {
  assert.is(view(live({ aa: 100 }, yes(3))).problem, undefined);
  const [accepted] = yes(4) as [Answer];
  const refused = { type: 'ResolvedRefs', status: 'False', observedGeneration: 4, message: 'no Service bb' };
  const seen = view(live({ aa: 100 }, [accepted, refused]));
  assert.is(seen.problem, 'ResolvedRefs is False: no Service bb');
  assert.is(seen.confirmed, false);
  assert.match(view(live({ aa: 100 }, [])).problem ?? '', /no gateway has taken the route over/);
});

test('new weights have a second to settle from the answer on, and it is known how much is left', () => {
  const route = live({ aa: 100 }, yes(4));
  assert.equal([view(route, now - 400).confirmed, view(route, now - 400).settlesInMs], [false, 600]);
  assert.equal([view(route, now - 1000).confirmed, view(route, now - 1000).settlesInMs], [true, undefined]);
  assert.is(view(live({ aa: 100 }, yes(3)), now - 400).settlesInMs, undefined);
});

test('an answer that nobody saw come is reckoned from the write, with five seconds in all', () => {
  const unseen = (routedAt: number) =>
    routeView(live({ aa: 100 }, yes(4), routedAt), environment, now, undefined);
  assert.equal([unseen(now - 4000).confirmed, unseen(now - 4000).settlesInMs], [false, 1000]);
  assert.is(unseen(now - 5000).confirmed, true);
});

test('an answer counts when it is about the newest generation and says yes twice', () => {
  assert.is(isAnswered(live({ aa: 100 }, yes(4))), true);
  assert.is(isAnswered(live({ aa: 100 }, yes(3))), false);
  assert.is(isAnswered(live({ aa: 100 }, yes(4).slice(0, 1))), false);
  assert.is(isAnswered(live({ aa: 100 }, [])), false);
});

test('a route whose weights stay keeps its time, one whose weights change gets a new one', () => {
  const at = (same: boolean) =>
    withRoutedAt(renderRoute(environment, []), live({ aa: 100 }, [], 0), same, now).metadata.annotations?.[
      'cryptosense.io/routed-at'
    ];
  assert.is(at(true), '1970-01-01T00:00:00.000Z');
  assert.is(at(false), '2026-01-05T10:00:00.000Z');
});

test('weights are the same in any order and with or without zeros', () => {
  assert.is(sameTraffic({ weights: { a: 90, b: 10 } }, { weights: { b: 10, a: 90 } }), true);
  assert.is(sameTraffic({ weights: { a: 100, b: 0 } }, { weights: { a: 100 } }), true);
  assert.is(sameTraffic({ weights: { a: 100 } }, undefined), false);
  assert.is(sameTraffic({ weights: { a: 90, b: 10 } }, { weights: { a: 80, b: 20 } }), false);
});

test('requests by header and copies are read back as they were written, and are a difference', () => {
  const extra = {
    headers: { revision: 'b', match: [{ name: 'X-Beta', value: 'yes' }] },
    mirror: { revision: 'b', percent: 5 },
  };
  const route = live({ a: 100 }, yes(4));
  route.spec = renderRoute(environment, backends({ a: 100 }), extra).spec;
  const seen = view(route);
  assert.equal(seen.weights, { a: 100 });
  assert.equal(seen.extra, extra);
  assert.is(sameTraffic({ weights: { a: 100 }, extra }, seen), true);
  assert.is(sameTraffic({ weights: { a: 100 } }, seen), false);
});

test.run();

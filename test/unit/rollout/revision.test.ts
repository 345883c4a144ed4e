import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { canonicalJson, sameJson } from '../../../operator/rollout/revision.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('canonical JSON');

/** What it says in few words, and slowly: hashes that are written in the cluster were made from this text. */
function reference(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

const key = fc.oneof(fc.string(), fc.nat().map(String), fc.constantFrom('09', '-1', '4294967295'));

test('any JSON value has the text that released versions gave it', () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(null, true, false, undefined),
      fc.double(),
      fc.string(),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 6 }),
    ),
  }));
  fc.assert(fc.property(fc.array(value), (any) => canonicalJson(any) === reference(any)));
});

test('the order of the fields makes no difference', () => {
  assert.is(
    canonicalJson({ b: { y: 1, x: [2] }, a: undefined, 10: 1, 9: 2 }),
    '{"9":2,"10":1,"b":{"x":[2],"y":1}}',
  );
});

test('two values are the same exactly when their texts are', () => {
  // Few names and few values: many are the same, or nearly so.
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, undefined, 0, 1, '1', ''),
      fc.array(tie('value'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b'), tie('value')),
    ),
  }));
  const defined = value.map((any) => JSON.parse(canonicalJson([any]))[0] as unknown);
  fc.assert(
    fc.property(defined, defined, (a, b) => sameJson(a, b) === (canonicalJson(a) === canonicalJson(b))),
    { numRuns: 2_000 },
  );
  assert.ok(sameJson({ a: 1, b: undefined }, { a: 1 }));
  assert.ok(sameJson({ a: 1 }, { b: undefined, a: 1 }));
  assert.not(sameJson({ a: 1, b: null }, { a: 1 }));
});

test.run();

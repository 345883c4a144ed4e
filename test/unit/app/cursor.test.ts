import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { z } from 'zod';
import { cursors } from '../../../app/http/cursor.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('cursors');
const places = cursors('things', z.object({ at: z.iso.datetime(), id: z.string() }));
const place = fc.record(
  {
    at: fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('2099-01-01') })
      .map((d) => d.toISOString()),
    id: fc.string({ maxLength: 100, unit: 'binary' }),
  },
  { noNullPrototype: true },
);
const scope = fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), { maxLength: 4 });

test('a cursor leads back to its place, and is one that its own parameter takes', () => {
  fc.assert(
    fc.property(place, scope, (made, asked) => {
      const cursor = places.encode(made, asked);
      assert.equal(places.decode(cursor, asked), made);
      if (made.id.length < 50) assert.ok(places.parameter.safeParse(cursor).success);
    }),
  );
});

test('a cursor leads nowhere under another question or at another endpoint', () => {
  const others = cursors('others', z.object({ at: z.iso.datetime(), id: z.string() }));
  fc.assert(
    fc.property(place, scope, scope, (made, asked, other) => {
      const cursor = places.encode(made, asked);
      assert.is(others.decode(cursor, asked), undefined);
      if (JSON.stringify(asked) !== JSON.stringify(other)) assert.is(places.decode(cursor, other), undefined);
    }),
  );
});

test('whatever else is sent as a cursor leads nowhere and throws nothing', () => {
  const json = fc.json().map((text) => Buffer.from(text).toString('base64url'));
  fc.assert(
    fc.property(fc.oneof(fc.string(), json), scope, (made, asked) => {
      assert.is(places.decode(made, asked), undefined);
    }),
  );
});

test.run();

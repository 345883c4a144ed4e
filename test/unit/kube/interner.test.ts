import fc from 'fast-check';
import { equal, is, ok } from 'uvu/assert';
import { Interner } from '../../../operator/kube/interner.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('interner');

test('what comes out is equal to what went in, however little is remembered', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue(), { maxLength: 20 }),
      fc.integer({ min: 1, max: 30 }),
      (values, most) => {
        const interner = new Interner(most);
        for (const value of values) {
          const plain = JSON.stringify(value);
          is(JSON.stringify(interner.intern(JSON.parse(plain))), plain);
        }
      },
    ),
  );
});

test('equal parts of different objects become one frozen object, unequal ones never', () => {
  const interner = new Interner();
  const pod = (name: string, probe: object) => ({ name, spec: { probes: [probe] } });
  const a = interner.intern(pod('a', { port: 80, path: '/' }));
  const b = interner.intern(pod('b', { port: 80, path: '/' }));
  const c = interner.intern(pod('c', { port: '80', path: '/' }));
  is(a.spec, b.spec);
  ok(Object.isFrozen(a.spec.probes[0]));
  is.not(a.spec, c.spec);
  equal(c.spec.probes, [{ port: '80', path: '/' }]);
});

test('values that look alike when they are written are told apart', () => {
  const interner = new Interner();
  const alike = [
    null,
    'null',
    true,
    'true',
    1,
    '1',
    '#1',
    [],
    {},
    ['a,b'],
    ['a', 'b'],
    { a: 1 },
    { 'a":1,"b': 1 },
  ];
  for (const value of alike) equal(interner.intern({ value }), { value });
  for (const value of alike) equal(interner.intern({ value }), { value });
});

test('a field that is called like an object’s prototype is a field', () => {
  const data = JSON.parse('{"__proto__": "x", "constructor": "y"}') as object;
  equal(Object.entries(new Interner().intern({ data }).data), Object.entries(data));
});

test('a part that goes on coming is remembered although many others come', () => {
  const interner = new Interner(10);
  const shared = () => ({ limits: { memory: '1Gi' } });
  const first = interner.intern(shared());
  for (let i = 0; i < 100; i += 1) {
    interner.intern({ unique: `${i}` });
    is(interner.intern(shared()), first);
  }
});

test.run();

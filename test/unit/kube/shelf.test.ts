import fc from 'fast-check';
import { equal, is, ok } from 'uvu/assert';
import { Shelf } from '../../../operator/kube/shelf.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('shelf');

test('whatever is put in comes back equal, packed or not, in any order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue(), { minLength: 1, maxLength: 20 }),
      fc.array(fc.nat(19), { maxLength: 40 }),
      fc.nat(5),
      (values, reads, most) => {
        const plain = values.map((value) => JSON.parse(JSON.stringify(value)) as unknown);
        const shelf = new Shelf<unknown>(most);
        const items = values.map((value) => shelf.put(value));
        for (const read of reads) {
          const at = read % items.length;
          equal(items[at]?.value, plain[at]);
        }
        for (const [index, item] of items.entries()) equal(item.value, plain[index]);
      },
    ),
  );
});

test('the values that were used last stay the same objects, the others do not', () => {
  const shelf = new Shelf<{ name: string }>(2);
  const values = ['a', 'b', 'c'].map((name) => ({ name }));
  const [a, b, c] = values.map((value) => shelf.put(value));
  is(b?.value, values[1]);
  is(c?.value, values[2]);
  is.not(a?.value, values[0]);
  equal(a?.value, values[0]);
  // Reading a has packed b, which was used before c.
  is(c?.value, values[2]);
});

test('what was packed comes back frozen, with every letter', () => {
  const shelf = new Shelf<{ list: string[] }>(0);
  const item = shelf.put({ list: ['größer', '\u{1F511}', ''] });
  const { list } = item.value;
  equal(list, ['größer', '\u{1F511}', '']);
  ok(Object.isFrozen(list));
});

test.run();

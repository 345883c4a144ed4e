import * as assert from 'uvu/assert';
import { fieldChanges } from '../../../operator/preview/diff.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('changes of fields');

test('are values with their paths, and entries of lists go by their names', () => {
  const pod = (image: string, ...names: string[]) => ({
    spec: { containers: [{ name: 'api', image, env: names.map((name) => ({ name, value: 'x' })) }] },
  });
  assert.equal(fieldChanges(pod('a:1', 'ONE', 'TWO'), pod('a:2', 'TWO', 'THREE')), [
    { path: 'spec.containers[api].image', from: 'a:1', to: 'a:2' },
    { path: 'spec.containers[api].env[ONE]', from: { name: 'ONE', value: 'x' } },
    { path: 'spec.containers[api].env[THREE]', to: { name: 'THREE', value: 'x' } },
  ]);
});

test('of lists without names are told by place, or as a whole', () => {
  assert.equal(fieldChanges({ args: ['a', 'b'] }, { args: ['a', 'c'] }), [
    { path: 'args[1]', from: 'b', to: 'c' },
  ]);
  assert.equal(fieldChanges({ args: ['a'] }, { args: ['a', 'c'] }), [
    { path: 'args', from: ['a'], to: ['a', 'c'] },
  ]);
});

test('are none in what the API server and the operator write for themselves, or in the order of fields', () => {
  const before = {
    metadata: {
      resourceVersion: '1',
      generation: 1,
      managedFields: [],
      annotations: { 'cryptosense.io/applied': 'a' },
    },
    spec: { a: { b: 1, c: 2 } },
    status: { x: 1 },
  };
  const after = {
    metadata: {
      resourceVersion: '2',
      generation: 2,
      managedFields: [1],
      annotations: { 'cryptosense.io/applied': 'b' },
    },
    spec: { a: { c: 2, b: 1 } },
    status: { x: 2 },
  };
  assert.equal(fieldChanges(before, after), []);
});

test.run();

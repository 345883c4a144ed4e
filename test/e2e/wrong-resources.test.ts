import * as assert from 'uvu/assert';
import { stringify } from 'yaml';
import { API_VERSION, KIND } from '../../operator/api/well-known.ts';
import { suite } from '../harness/suite.ts';
import { kubectl, refusal } from './cluster.ts';
import { WRONG_RESOURCES } from './wrong-resources.ts';

const NAMESPACE = 'e2e-wrong-resources';
const test = suite('a wrong resource');

// Nothing is left over from an earlier run, and the operator has nothing to do here for long.
const remove = () => kubectl(['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--timeout=120s']);

test.before(async () => {
  await remove();
  await kubectl(['create', 'namespace', NAMESPACE]);
});

test.after(remove);

for (const { name, before, resource, sentence } of WRONG_RESOURCES) {
  test(`is refused with a sentence: ${name}`, async () => {
    const apply = ['apply', '--namespace', NAMESPACE, '--filename', '-'];
    if (before) await kubectl(apply, { input: document(before) });
    assert.match(await refusal(apply, { input: document(resource) }), sentence);
  });
}

function document(resource: object): string {
  return stringify({ apiVersion: API_VERSION, kind: KIND, ...resource });
}

test.run();

import * as assert from 'uvu/assert';
import type { Action } from '../../../operator/environment/actions.ts';
import { eachOf, stagesOf } from '../../../operator/environment/stages.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('stages of writes');

const apply = (kind: string): Action => ({
  type: 'apply',
  manifest: { apiVersion: 'v1', kind, metadata: { name: 'shop' } },
  why: 'it is missing',
  isNew: true,
});

test('what pods are made from is written before the pods, and what goes comes last', () => {
  const gone: Action = {
    type: 'delete',
    kind: 'ConfigMap',
    name: 'old',
    why: 'it is not asked for any more',
  };
  const orphan: Action = { type: 'orphan', name: 'shop', uid: '1', resourceVersion: '1', why: 'it grows' };
  const [statefulSet, configMap, job] = [apply('StatefulSet'), apply('ConfigMap'), apply('Job')];
  const stages = stagesOf([gone, statefulSet, orphan, configMap, job]);
  assert.equal(stages, [[configMap], [], [statefulSet, orphan, job], [gone]]);
});

test('a Role is there before it is bound, and bound before there are pods that need it', () => {
  const [binding, role, statefulSet] = [apply('RoleBinding'), apply('Role'), apply('StatefulSet')];
  assert.equal(stagesOf([binding, statefulSet, role]), [[role], [binding], [statefulSet], []]);
});

test('each item is worked on once, never more than so many at once, and all have ended at the end', async () => {
  const seen: number[] = [];
  let [now, most] = [0, 0];
  await eachOf([1, 2, 3, 4, 5], 2, async (item) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(item);
    now -= 1;
  });
  assert.equal([seen, most, now], [[1, 2, 3, 4, 5], 2, 0]);
});

test.run();

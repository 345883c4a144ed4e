import * as assert from 'uvu/assert';
import { onSpotNodesToo, placementOf } from '../../../charts/placement.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { releaseInputs } from '../../../operator/api/resolved.ts';
import { revisionOf } from '../../../operator/rollout/revision.ts';
import { suite } from '../../harness/suite.ts';
import { everything, resolved, TIERS, workloads } from './environments.ts';

const test = suite('where pods run');

const scheduling: EnvironmentSpec['scheduling'] = {
  nodeSelector: { 'kubernetes.io/arch': 'amd64' },
  tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'cryptosense', effect: 'NoSchedule' }],
  priorityClassName: 'important',
};
const pods = (spec: Partial<EnvironmentSpec>) =>
  workloads(everything(resolved(spec))).map(({ name, spec: { template } }) => ({ name, pod: template.spec }));

test('every pod, of releases and migrations too, has the node labels, tolerations, priority and pull secrets', () => {
  for (const tier of TIERS)
    for (const { name, pod } of pods({ tier, scheduling, images: { pullSecrets: ['registry', 'mirror'] } })) {
      assert.equal(pod.nodeSelector, { 'kubernetes.io/arch': 'amd64' }, name);
      const [first] = pod.tolerations as { key: string }[];
      assert.is(first?.key, 'dedicated', name);
      assert.is(pod.priorityClassName, 'important', name);
      assert.equal(pod.imagePullSecrets, [{ name: 'registry' }, { name: 'mirror' }], name);
    }
});

test('what was not asked for is not in a pod: an upgrade of the operator restarts none', () => {
  for (const { name, pod } of pods({})) {
    for (const field of ['nodeSelector', 'tolerations', 'priorityClassName', 'imagePullSecrets'])
      assert.not(field in pod, `${name}: ${field}`);
  }
});

interface Constraint {
  topologyKey: string;
  whenUnsatisfiable: string;
  nodeTaintsPolicy?: string;
}
const constraints = (spread: 'preferred' | 'required') =>
  pods({ scheduling: { spread } })
    .filter(({ name }) => !/migrate|check/.test(name))
    .map(({ pod }) => pod.topologySpreadConstraints as Constraint[]);

test('spread is a preference until it is required', () => {
  for (const [zone, node] of constraints('preferred')) {
    assert.is(zone?.whenUnsatisfiable, 'ScheduleAnyway');
    assert.is(node?.whenUnsatisfiable, 'ScheduleAnyway');
  }
});

test('required spread binds nodes, counts only those a pod may have, and asks of no node that it has a zone', () => {
  for (const [zone, node] of constraints('required')) {
    assert.is(zone?.topologyKey, 'topology.kubernetes.io/zone');
    assert.is(zone?.whenUnsatisfiable, 'ScheduleAnyway');
    assert.is(node?.topologyKey, 'kubernetes.io/hostname');
    assert.is(node?.whenUnsatisfiable, 'DoNotSchedule');
    assert.is(node?.nodeTaintsPolicy, 'Honor');
  }
});

test('scheduling makes another release, and no scheduling the same as before there was such a field', () => {
  const revision = (spec: Partial<EnvironmentSpec>) => revisionOf(releaseInputs(resolved(spec)));
  assert.is(revision({}), revision({ scheduling: { nodeSelector: {}, tolerations: [] } }));
  assert.is(revision({}), revision({ images: { pullSecrets: [] } }));
  assert.is.not(revision({}), revision({ scheduling }));
  assert.is.not(revision({}), revision({ images: { pullSecrets: ['registry'] } }));
});

test('pods on spot nodes bear the taints of spot nodes besides those that were asked for', () => {
  const keys = (spec: Partial<EnvironmentSpec>) =>
    onSpotNodesToo(placementOf(resolved(spec))).scheduling?.tolerations.map(({ key }) => key);
  const spot = ['cloud.google.com/gke-spot', 'kubernetes.azure.com/scalesetpriority', 'cryptosense.io/spot'];
  assert.equal(keys({}), spot);
  assert.equal(keys({ scheduling }), ['dedicated', ...spot]);
});

test.run();

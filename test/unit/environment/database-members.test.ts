import * as assert from 'uvu/assert';
import { renderComponents } from '../../../charts/render.ts';
import type { Manifest } from '../../../operator/api/resolved.ts';
import {
  isWithoutPatroni,
  losesSelector,
  membersIn,
  nextForMembers,
  withLeavingMembers,
  withPrimary,
} from '../../../operator/environment/database-members.ts';
import { growthOf } from '../../../operator/environment/growth.ts';
import type { Live, Snapshot } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';
import { find, resolved } from '../charts/environments.ts';

const test = suite('members of an environment');

const environment = resolved({ tier: 'local', database: { members: 3 } });
const { database } = renderComponents(environment);
const statefulSet = find(database, 'StatefulSet', 'shop-database');
const hash = (find(database, 'ConfigMap', 'shop-database').data as { hash: string }).hash;

function live(manifest: Manifest, spec: object = {}, its: object = {}): Live {
  const metadata = { ...manifest.metadata, uid: `uid-${manifest.kind}`, resourceVersion: '1', generation: 1 };
  return { ...manifest, metadata, spec: { ...(manifest.spec as object), ...spec }, ...its } as Live;
}

function pod(ordinal: number, report: object | undefined, role?: string): Live {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `shop-database-${ordinal}`,
      uid: `pod-${ordinal}`,
      resourceVersion: '1',
      labels: {
        'app.kubernetes.io/component': 'database',
        'controller-revision-hash': 'form',
        ...(role ? { 'cryptosense.io/role': role } : {}),
      },
      ...(report ? { annotations: { status: JSON.stringify(report) } } : {}),
    },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

const running = (role: string, position = 100) => ({
  state: 'running',
  role,
  timeline: 2,
  xlog_location: position,
  tags: { settings: hash },
});
const three = [pod(0, running('replica')), pod(1, running('master'), 'master'), pod(2, running('replica'))];
const workload = {
  pods: 3,
  readyPods: 3,
  ready: true,
  settled: true,
  message: 'PostgreSQL: 3 of 3 pods ready.',
};

function snapshot(pods: Live[], objects: Live[], its = environment): Snapshot {
  return {
    resolved: its,
    live: ({ kind, metadata }: { kind: string; metadata: { name: string } }) =>
      objects.find((object) => object.kind === kind && object.metadata.name === metadata.name),
    all: () => pods,
  } as unknown as Snapshot;
}

test('the condition says who is primary and whether the others are in step', () => {
  const said = withPrimary(workload, membersIn(three));
  assert.is(
    said.message,
    'PostgreSQL: 3 of 3 pods ready. shop-database-1 is primary, 2 replicas are in step.',
  );
  const late = [
    three[0],
    pod(1, running('master', 1e9), 'master'),
    pod(2, running('replica', 1e9)),
  ] as Live[];
  assert.match(withPrimary(workload, membersIn(late)).message, /not in step: shop-database-0\.$/);
  const none = withPrimary(workload, membersIn([three[0], three[2]] as Live[]));
  assert.equal([none.ready, none.message], [false, `${workload.message} No member is primary.`]);
  const gone = withPrimary(workload, membersIn([three[0], { ...three[1], status: {} }, three[2]] as Live[]));
  assert.match(gone.message, /No member is primary: shop-database-1 was, and is not ready\.$/);
});

test('pods that report nothing are as ready as the kubelet says', () => {
  assert.is(withPrimary(workload, membersIn([pod(0, undefined)])), workload);
});

test('the members are held to the form and the settings that are written, and wait while a form is', () => {
  const status = { observedGeneration: 1, updateRevision: 'form' };
  const settings = live(find(database, 'ConfigMap', 'shop-database'));
  const at = (its: object) =>
    nextForMembers(snapshot(three, [live(statefulSet, {}, { status: its }), settings]));
  assert.equal(at(status), { steps: [], waitsFor: '' });
  assert.is(at({ ...status, updateRevision: 'other' }).steps[0]?.member.name, 'shop-database-2');
  assert.equal(at({ ...status, observedGeneration: 0, updateRevision: 'other' }).steps, []);
});

test('a StatefulSet whose pods waited for each other is made again around them', () => {
  const former = live(statefulSet, {
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate' },
  });
  const known = { claims: [], refusals: new Map(), now: 0 };
  assert.equal(
    growthOf(statefulSet, former, known).map(({ type }) => type),
    ['orphan'],
  );
  assert.equal(growthOf(statefulSet, live(statefulSet), known), []);
});

test('a Service with a selector is made again when the database has Patroni, and not before', () => {
  const service = find(database, 'Service', 'shop-database');
  assert.ok(losesSelector(service, live(service, { selector: { a: 'b' } })));
  assert.not.ok(losesSelector(service, live(service)));
  assert.not.ok(losesSelector(service, undefined));
  const former = { ...statefulSet, spec: { ...(statefulSet.spec as object), updateStrategy: undefined } };
  assert.ok(isWithoutPatroni([former], 'shop'));
  assert.not.ok(isWithoutPatroni(database, 'shop'));
});

test('members leave only when one that stays is primary and knows that it is to be alone', () => {
  const alone = resolved({ tier: 'local', database: { members: 1 } });
  const wanted = renderComponents(alone).database;
  const set = find(wanted, 'StatefulSet', 'shop-database');
  const settings = live(find(wanted, 'ConfigMap', 'shop-database'));
  const known = (settings.data as { hash: string }).hash;
  const replicas = (pods: Live[]) =>
    (
      withLeavingMembers(set, snapshot(pods, [live(statefulSet), settings], alone)).spec as {
        replicas: number;
      }
    ).replicas;
  const knows = { ...running('master'), tags: { settings: known } };
  assert.is(replicas(three), 3);
  assert.is(replicas([pod(0, running('master'), 'master'), pod(1, running('replica'))]), 3);
  assert.is(replicas([pod(0, knows, 'master'), pod(1, running('replica'))]), 1);
  assert.is(replicas([pod(0, running('replica')), pod(1, running('replica'))]), 3);
  assert.is(replicas([pod(0, undefined), pod(1, undefined)]), 1);
});

test.run();

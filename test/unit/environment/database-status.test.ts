import { equal, is } from 'uvu/assert';
import { type Environment, resolveEnvironment } from '../../../operator/api/resolved.ts';
import { statusSchema } from '../../../operator/api/status.ts';
import { databaseStatus } from '../../../operator/environment/database-status.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('members of the database in status');
const MIB = 2 ** 20;

function pod(ordinal: number, report: object | string | undefined, its: object = {}): Live {
  const text = typeof report === 'string' ? report : JSON.stringify(report);
  const isPrimary = typeof report === 'object' && (report as { role?: string }).role === 'master';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `shop-database-${ordinal}`,
      uid: `pod-${ordinal}`,
      resourceVersion: '1',
      labels: {
        'app.kubernetes.io/component': 'database',
        ...(isPrimary ? { 'cryptosense.io/role': 'master' } : {}),
      },
      ...(report === undefined ? {} : { annotations: { status: text } }),
      ...its,
    },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

const primary = { state: 'running', role: 'master', timeline: 3, xlog_location: 1000 * MIB };
const replica = (behind: number, timeline = 3) => ({
  state: 'running',
  role: 'replica',
  timeline,
  xlog_location: 1000 * MIB - behind,
});
/** What `databaseStatus` looks at, of an environment with one member. */
function seen(pods: Live[], known?: { tls?: boolean }) {
  const metadata = { name: 'shop', namespace: 'market', uid: 'u', resourceVersion: '1', generation: 1 };
  const environment: Environment = {
    apiVersion: 'cryptosense.io/v1alpha1',
    kind: 'CryptoSenseEnvironment',
    metadata,
    spec: { tier: 'local', release: { image: 'api:1' } },
    ...(known ? { status: { database: known } } : {}),
  };
  const all = (kind: string) => (kind === 'Pod' ? pods : []);
  return { all, environment, resolved: resolveEnvironment(environment) };
}
const statusOf = (...pods: Live[]) => {
  const database = databaseStatus(seen(pods));
  // What the API server would refuse is no status.
  return statusSchema.parse({ ...(database ? { database } : {}) }).database?.members;
};

test('each member has its role, state, timeline and how far it is behind', () => {
  equal(statusOf(pod(1, replica(40 * MIB)), pod(0, primary), pod(2, replica(15 * MIB))), [
    { name: 'shop-database-0', role: 'primary', state: 'running', ready: true, timeline: 3 },
    {
      name: 'shop-database-1',
      role: 'replica',
      state: 'running',
      ready: true,
      timeline: 3,
      lagBytes: 32 * MIB,
    },
    { name: 'shop-database-2', role: 'replica', state: 'running', ready: true, timeline: 3, lagBytes: 0 },
  ]);
});

test('what is written meanwhile does not change it, unless a replica falls behind', () => {
  const at = (behind: number) => statusOf(pod(0, primary), pod(1, replica(behind)))?.[1]?.lagBytes;
  equal([at(-5 * MIB), at(0), at(16 * MIB - 1)], [0, 0, 0]);
  equal([at(16 * MIB), at(31 * MIB), at(32 * MIB), at(900 * MIB)], [16 * MIB, 16 * MIB, 32 * MIB, 512 * MIB]);
});

test('without a primary, or on another timeline, there is no distance', () => {
  is(statusOf(pod(0, replica(0)), pod(1, replica(0)))?.[1]?.lagBytes, undefined);
  is(statusOf(pod(0, primary), pod(1, replica(0, 2)))?.[1]?.lagBytes, undefined);
});

test('a pod that goes is leaving, one that is silent is unknown', () => {
  const leaving = { deletionTimestamp: '2026-01-05T10:00:00Z' };
  const [, second, third] = statusOf(pod(0, primary), pod(1, replica(0), leaving), pod(2, undefined)) ?? [];
  equal([second?.state, second?.ready], ['leaving', false]);
  equal([third?.state, third?.role], ['unknown', undefined]);
});

test('pods that only pretend have no members, and what is no report breaks nothing', () => {
  is(statusOf(pod(0, undefined)), undefined);
  is(statusOf(pod(0, 'no JSON')), undefined);
  const strange = { state: 7, role: 'replica', timeline: '3', xlog_location: 'far' };
  equal(statusOf(pod(0, strange)), [
    { name: 'shop-database-0', role: 'replica', state: 'unknown', ready: true },
  ]);
});

const PLAIN = { tls: false };
const withTls = { ...primary, tags: { tls: 'on' } };

test('a database whose pods are gone has no list of members: the API server would refuse an empty one', () => {
  for (const known of [{ tls: true }, PLAIN]) {
    const database = databaseStatus(seen([], known));
    equal(database, known);
    equal(statusSchema.parse({ database }).database, known);
  }
  equal(statusSchema.safeParse({ database: { members: [], tls: true } }).success, false);
});

test('a database that is made now has TLS from the beginning, and goes on having it', () => {
  is(seen([]).resolved.spec.database.tls, 'required');
  is(databaseStatus(seen([pod(0, primary)]))?.tls, true);
  is(databaseStatus(seen([pod(0, primary)], { tls: true }))?.tls, true);
});

test('of one from before, TLS is required when every member serves it, and not before', () => {
  is(seen([], PLAIN).resolved.spec.database.tls, undefined);
  is(seen([], {}).resolved.spec.database.tls, undefined);
  is(databaseStatus(seen([pod(0, primary)], PLAIN))?.tls, false);
  is(databaseStatus(seen([pod(0, withTls), pod(1, replica(0))], PLAIN))?.tls, false);
  is(databaseStatus(seen([pod(0, withTls)], PLAIN))?.tls, true);
  const leaving = pod(0, withTls, {
    deletionTimestamp: '2026-01-01T00:00:00Z',
    annotations: { status: JSON.stringify(withTls) },
  });
  is(databaseStatus(seen([leaving], PLAIN))?.tls, false);
});

test('that a database is from before is remembered while no member is there', () => {
  equal(databaseStatus(seen([], PLAIN)), PLAIN);
  is(databaseStatus(seen([])), undefined);
});

test.run();

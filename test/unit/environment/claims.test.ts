import * as assert from 'uvu/assert';
import type { Manifest } from '../../../operator/api/resolved.ts';
import { withLiveClaims } from '../../../operator/environment/claims.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('claims');

function set(storage: string, replicas = 1): Manifest {
  const template = { metadata: { name: 'data' }, spec: { resources: { requests: { storage } } } };
  const spec = { replicas, volumeClaimTemplates: [template] };
  return { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'shop-database' }, spec };
}

const live = (storage: string) => set(storage) as unknown as Live;

test('the size of a live claim is kept, and all else is written', () => {
  assert.equal(withLiveClaims(set('20Gi', 3), live('10Gi')), set('10Gi', 3));
});

test('a new StatefulSet gets the size that was asked for', () => {
  const wanted = set('20Gi');
  assert.is(withLiveClaims(wanted, undefined), wanted);
});

test('an object without claims is left as it is', () => {
  const service: Manifest = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: {} };
  assert.is(withLiveClaims(service, service as unknown as Live), service);
  const map: Manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data: {} };
  assert.is(withLiveClaims(map, undefined), map);
});

test('the manifest that was given is not changed', () => {
  const wanted = set('20Gi');
  withLiveClaims(wanted, live('10Gi'));
  assert.equal(wanted, set('20Gi'));
});

test.run();

import * as assert from 'uvu/assert';
import { renderComponents } from '../../../charts/render.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Manifest } from '../../../operator/api/resolved.ts';
import { suite } from '../../harness/suite.ts';
import { everything, find, resolved } from './environments.ts';

const test = suite('ServiceMonitors');

const monitor = (serviceMonitor: NonNullable<EnvironmentSpec['observability']>['serviceMonitor'] = {}) =>
  renderComponents(resolved({ observability: { serviceMonitor } })).monitoring;
const specOf = (manifests: Manifest[]) =>
  find(manifests, 'ServiceMonitor', 'shop').spec as {
    selector: {
      matchLabels: Record<string, string>;
      matchExpressions: { key: string; values: string[] }[];
    };
    endpoints: { port: string; path: string; interval: string }[];
  };

test('it selects the Service of every release by labels and a port that this Service has', () => {
  const { selector, endpoints } = specOf(monitor());
  const service = find(everything(resolved()), 'Service', 'shop-api-0a1b2c3d4e');
  for (const [key, value] of Object.entries(selector.matchLabels))
    assert.is(service.metadata.labels?.[key], value);
  for (const { key, values } of selector.matchExpressions)
    assert.ok(values.includes(service.metadata.labels?.[key] ?? ''));
  const { ports } = service.spec as { ports: { name: string }[] };
  for (const { name } of ports)
    assert.ok(
      endpoints.some(({ port }) => port === name),
      name,
    );
  assert.is(endpoints[0]?.path, '/metrics');
});

test('the labels that a Prometheus wants are added, and can hide none of ours', () => {
  const asked = { release: 'prometheus', 'app.kubernetes.io/managed-by': 'me' };
  const manifests = monitor({ labels: asked, interval: '15s' });
  const { labels } = find(manifests, 'ServiceMonitor', 'shop').metadata;
  assert.is(labels?.release, 'prometheus');
  assert.is(labels?.['app.kubernetes.io/managed-by'], 'cryptosense-operator');
  assert.is(specOf(manifests).endpoints[0]?.interval, '15s');
});

test('there is none when it is switched off', () => {
  const kinds = monitor({ enabled: false }).map(({ kind }) => kind);
  assert.equal(kinds, ['PrometheusRule']);
});

test.run();

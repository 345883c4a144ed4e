import * as assert from 'uvu/assert';
import { serveHealth } from '../../../operator/kube/health.ts';
import { createMetrics } from '../../../operator/kube/metrics.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('health');

test('readyz answers 503 with the reason until it is ready; healthz and metrics answer', async () => {
  let isReady = false;
  const { registry } = createMetrics();
  const health = await serveHealth({
    port: 0,
    metricsPort: 0,
    registry,
    live: () => true,
    ready: () => isReady || 'the caches are not filled yet',
  });
  try {
    const at = `http://127.0.0.1:${health.port}`;
    const before = await fetch(`${at}/readyz`);
    assert.is(before.status, 503);
    assert.is(await before.text(), 'the caches are not filled yet\n');
    isReady = true;
    assert.is((await fetch(`${at}/readyz`)).status, 200);
    assert.is((await fetch(`${at}/healthz`)).status, 200);
    assert.is((await fetch(`${at}/metrics`)).status, 404);
    const metrics = await fetch(`http://127.0.0.1:${health.metricsPort}/metrics`);
    assert.match(await metrics.text(), '# TYPE controller_runtime_reconcile_total counter');
  } finally {
    await health.close();
  }
});

test('a check that throws is a failed probe, not a dead server', async () => {
  const { registry } = createMetrics();
  const broken = () => {
    throw new Error('broken');
  };
  const health = await serveHealth({ port: 0, metricsPort: 0, registry, live: broken, ready: () => true });
  try {
    assert.is((await fetch(`http://127.0.0.1:${health.port}/healthz`)).status, 500);
    assert.is((await fetch(`http://127.0.0.1:${health.port}/readyz`)).status, 200);
  } finally {
    await health.close();
  }
});

test.run();

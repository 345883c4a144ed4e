import { Registry } from 'prom-client';
import { equal, is, ok } from 'uvu/assert';
import { DASHBOARDS, grafanaDashboard } from '../../../charts/dashboards/grafana.ts';
import { monitoringFiles } from '../../../charts/monitoring-files.ts';
import { WatchToPlan } from '../../../operator/environment/watch-to-plan.ts';
import { createMetrics } from '../../../operator/kube/metrics.ts';
import { environmentGauges } from '../../../operator/metrics/environment-gauges.ts';
import { processGauges } from '../../../operator/metrics/process-gauges.ts';
import { notificationMetrics } from '../../../operator/notifications/metrics.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('Dashboards');

interface Grafana {
  uid: string;
  title: string;
  templating: { list: { name: string; type: string }[] };
  panels: {
    id: number;
    type: string;
    title: string;
    gridPos: { x: number; y: number; w: number; h: number };
    targets?: { refId: string; expr: string; legendFormat: string }[];
  }[];
}

const dashboards = DASHBOARDS.map((each) => grafanaDashboard(each) as Grafana);

test('addresses, and numbers and places of panels are their own', () => {
  equal(new Set(dashboards.map(({ uid }) => uid)).size, dashboards.length);
  for (const { title, panels } of dashboards) {
    equal(
      panels.map(({ id }) => id),
      panels.map((_, i) => i + 1),
    );
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      ok(x + w <= 24, title);
      return Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
    });
    is(new Set(cells).size, cells.length, `${title}: panels overlap`);
  }
});

test('every panel asks something, with the variables that its dashboard has', () => {
  for (const { title, templating, panels } of dashboards) {
    const known = new Set(templating.list.map(({ name }) => name));
    for (const panel of panels.filter(({ type }) => type !== 'row')) {
      ok((panel.targets ?? []).length > 0, `${title}, ${panel.title}`);
      for (const { expr } of panel.targets ?? []) {
        const used = [...expr.matchAll(/\$(\w+)/g)].map(([, name = '']) => name);
        for (const name of used.filter((each) => each !== '__rate_interval'))
          ok(known.has(name), `${title}, ${panel.title}: $${name}`);
        if (known.has('environment')) ok(/namespace="\$namespace"/.test(expr), `${title}, ${panel.title}`);
      }
    }
  }
});

test('every figure of the operator that is shown is one that it has', async () => {
  const { registry } = createMetrics();
  processGauges(registry);
  new WatchToPlan(registry);
  notificationMetrics(registry, () => 0);
  const none = () => [];
  environmentGauges(registry, { environments: none, backups: none, restores: none });
  const known = new Set((await registry.getMetricsAsJSON()).map(({ name }) => name));
  const ofOperator =
    /\b((?:cryptosense_(?:environment|component|release|backup|drill|watch|notification)|controller_runtime|workqueue|leader_election|rest_client)_\w+)/g;
  const asked = DASHBOARDS.flatMap(({ rows }) => rows)
    .flatMap(({ panels }) => panels)
    .flatMap(({ queries }) => queries)
    .flatMap(({ expr }) =>
      [...expr.matchAll(ofOperator)].map(([, name = '']) => name.replace(/_bucket$/, '')),
    );
  ok(asked.length > 15);
  for (const name of asked) ok(known.has(name), name);
});

test('there is a file and a ConfigMap of each', () => {
  const files = monitoringFiles('https://runbooks.example.com');
  for (const { uid, title } of dashboards) {
    const text = files.get(`dashboards/${uid}.json`) ?? '';
    is((JSON.parse(text) as Grafana).title, title);
    ok(files.get('grafana-dashboards.yaml')?.includes(`${uid}.json`), uid);
  }
});

test('the process tells of its memory and its CPU', async () => {
  const registry = new Registry();
  processGauges(registry);
  const value = async (name: string) =>
    (await registry.getSingleMetric(name)?.get())?.values[0]?.value ?? Number.NaN;
  ok((await value('process_resident_memory_bytes')) > 1e6);
  const before = await value('process_cpu_seconds_total');
  ok(before > 0);
  const end = performance.now() + 30;
  while (performance.now() < end);
  ok((await value('process_cpu_seconds_total')) > before);
});

test.run();

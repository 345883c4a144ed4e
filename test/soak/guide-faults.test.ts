import { setTimeout } from 'node:timers/promises';
import { match, ok } from 'uvu/assert';
import type { Load } from '../../local/demo/load.ts';
import { ScaledAlerts } from '../e2e/alerts/prometheus.ts';
import { EXPORTERS, SMALL, Watched } from '../e2e/alerts/watched.ts';
import { kubectl } from '../e2e/cluster.ts';
import { sideBySide } from '../harness/side-by-side.ts';
import { suite } from '../harness/suite.ts';
import { eventually } from '../integration/processes.ts';
import { engine, NO_ENGINE } from './node.ts';
import { SmallVolume } from './small-volume.ts';

/** The guide's faults that take minutes to be seen; the others are in test/e2e/alerts.test.ts. */
const test = suite('slow faults of the guide');
const PATIENCE_MS = 600_000;
const busy = new Watched('busy', PATIENCE_MS);
const leaky = new Watched('leaky', PATIENCE_MS);
const full = new Watched('full', PATIENCE_MS);
const volume = engine === undefined ? undefined : new SmallVolume(engine);
let alerts: ScaledAlerts;

test.before(async () => {
  alerts = await ScaledAlerts.start();
});
test.after(async () => {
  await Promise.all([busy.end(), leaky.end(), full.end()]);
  await alerts?.end();
  await volume?.remove();
});

/** Longer than the rate below looks back. */
const STEP_MS = 11_000;
const MOST_STEPS = 30;

/** Of what the pods ask for, which share of CPU they use. */
async function cpuShare(): Promise<number> {
  const of = `namespace="${busy.namespace}"`;
  const used = `avg(rate(process_cpu_seconds_total{${of},app_kubernetes_io_component="api"}[10s]))`;
  const share = await alerts.value(`${used} / max(cryptosense_api_cpu_request_cores{${of}})`);
  return share ?? Number.NaN;
}

async function readyPods(): Promise<number> {
  const path = 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}';
  const labels = 'app.kubernetes.io/component=api';
  const said = await kubectl(['-n', busy.namespace, 'get', 'pods', '-l', labels, '-o', path]);
  return said.split(' ').filter((status) => status === 'True').length;
}

/** Adds users until there are too many for two pods, and not for four, however quick the machine is. */
async function addUsers(more: Load[]): Promise<void> {
  while (!((await cpuShare()) > 1)) {
    ok(more.length < MOST_STEPS, `${more.length * 20} requests a second are not too many`);
    more.push(busy.load(20));
    await setTimeout(STEP_MS);
  }
}

const users = {
  'more users than two pods can serve: HighCpu, until the runbook allows more pods': async () => {
    await busy.begin(alerts, { api: { resources: { cpu: '150m', memory: '192Mi' } } });
    await eventually('the new pods have calmed down', async () => (await cpuShare()) < 0.7, 180_000);
    await busy.well('HighCpu');
    const more: Load[] = [];
    try {
      await addUsers(more);
      await busy.fire('HighCpu');
      match(await busy.look('high-cpu'), /busy-api/);
      await busy.fire('HighCpu');
      // The node has room for these and for what replaces the pods that leak.
      await busy.page('high-cpu').run('maxReplicas', { '15': '4' });
      // Under the same requests, and not for a moment alone.
      await eventually('the autoscaler has added pods', async () => (await readyPods()) > 2, 240_000);
      await eventually('they take their share', async () => (await cpuShare()) < 0.8, 120_000);
      await busy.clear('HighCpu');
    } finally {
      await Promise.all(more.map((load) => load.stop()));
    }
  },
};

const disk = (small: SmallVolume) => ({
  'a volume that fills up: DiskFilling and DiskFull, until the runbook has enlarged it': async () => {
    await small.make(600);
    await full.begin(alerts, {
      database: {
        storage: '1Gi',
        storageClassName: small.className,
        // Its file system is memory, and what it writes counts as its own.
        resources: { ...SMALL.database.resources, memory: '768Mi' },
      },
      observability: EXPORTERS,
    });
    await full.well('DiskFilling', 'DiskFull');
    await small.fill(0.965);
    await full.fire('DiskFilling', 'DiskFull');
    const page = full.page('disk-full');
    match(await page.look(), /9[67]% /);
    const grow = () => page.run('"40Gi"', { '40Gi': '2Gi' });
    await eventually(
      'it is said that the class cannot grow volumes',
      async () => /does not let volumes grow/.test(await grow()),
      60_000,
    );
    // By the means of the storage itself, then, as the page says.
    await small.resize(1200);
    await full.clear('DiskFilling', 'DiskFull');
  },
});

sideBySide(test, users, volume ? disk(volume) : {});
if (!volume) test.skip('a volume that fills up: DiskFull', NO_ENGINE);

test('a release that leaks memory: MemoryLeak, until the runbook replaces its pods', async () => {
  // Where others are there, the node may have no room for the pods that take the place of those that leak.
  await Promise.all([busy.end(), full.end()]);
  await leaky.begin(alerts, {
    api: { resources: { cpu: '50m', memory: '512Mi' } },
    release: {
      image: 'cryptosense-api:1.2.0-faulty',
      // Of thirty requests a second to two pods: about 70 MB in two minutes, which are an hour of the rule.
      config: { FAULT_SHARE: '0', FAULT_LEAK: '40000' },
    },
  });
  // It looks at pods that are two hours old alone, which are four minutes.
  await leaky.fire('MemoryLeak');
  match(await leaky.look('memory-high'), /1\.2\.0-faulty/);
  await leaky.page('memory-high').run('cryptosense.io/restart');
  await leaky.clear('MemoryLeak');
});

test.run();

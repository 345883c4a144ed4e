import { match } from 'uvu/assert';
import { ScaledAlerts } from '../e2e/alerts/prometheus.ts';
import { Watched } from '../e2e/alerts/watched.ts';
import { suite } from '../harness/suite.ts';

/** A fault of the guide that takes minutes to be seen; others are in test/e2e/alerts.test.ts. */
const test = suite('a leak of memory, its alert and its runbook');
const leaky = new Watched('leaky', 600_000);
let alerts: ScaledAlerts;

test.before(async () => {
  alerts = await ScaledAlerts.start();
});
test.after(async () => {
  await leaky.end();
  await alerts?.end();
});

test('a release that leaks memory: MemoryLeak, until the runbook replaces its pods', async () => {
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

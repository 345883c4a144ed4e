import { match, not } from 'uvu/assert';
import { ScaledAlerts } from '../e2e/alerts/prometheus.ts';
import { runbook } from '../e2e/alerts/runbook.ts';
import { EXPORTERS, SMALL, Watched } from '../e2e/alerts/watched.ts';
import { kubectl, OPERATOR } from '../e2e/cluster.ts';
import { sideBySide } from '../harness/side-by-side.ts';
import { suite } from '../harness/suite.ts';
import { engine, inNode, NO_ENGINE } from './node.ts';

/** Faults beside those of the guide: the alert, the runbook's commands, its end. Two environments at the same time. */
const test = suite('other faults, alerts and runbooks');
const releases = new Watched('releases');
const group = new Watched('group', 240_000);
let alerts: ScaledAlerts;

test.before(async () => {
  alerts = await ScaledAlerts.start();
});
test.after(async () => {
  await Promise.all([releases.end(), group.end()]);
  await alerts?.end();
});

const bad = {
  'a bad release is rolled back: ReleaseRolledBack, until the spec says what runs': async () => {
    await releases.begin(alerts, {});
    await releases.release('cryptosense-api:1.2.0-faulty');
    await releases.fire('ReleaseRolledBack');
    const page = releases.page('release-rolled-back');
    match(await page.look(), /AnalysisFailed/);
    await page.run('STABLE=$(');
    await releases.clear('ReleaseRolledBack');
  },

  'a release whose image is nowhere: ReleaseStuck, until the runbook ends it': async () => {
    await releases.release('cryptosense-api:9.9.9');
    await releases.fire('ReleaseStuck');
    const page = releases.page('release-stuck');
    match(await page.run('.status.candidate'), /9\.9\.9/);
    await page.run('STABLE=$(');
    await releases.clear('ReleaseStuck');
  },
};

const own = ['-n', group.namespace];

async function podOf(labels: string): Promise<string> {
  const path = 'jsonpath={.items[0].metadata.name}';
  const name = await kubectl([...own, 'get', 'pods', '-l', labels, '-o', path]);
  not.equal(name, '');
  return name;
}

/** Freezes the exporter of a pod. From the node: the first process of a container cannot be stopped from inside it. */
async function freeze(host: string, pod: string): Promise<void> {
  const uid = await kubectl([...own, 'get', 'pod', pod, '-o', 'jsonpath={.metadata.uid}']);
  // The name of a control group has the UID with another separator where systemd makes it.
  const group = uid.replaceAll('-', '[-_]');
  const frozen = await inNode(
    host,
    ...['sh', '-c'],
    `cd /proc; for p in [0-9]*; do
       grep -qs 'pod${group}' $p/cgroup && grep -qs '^prometheus-' $p/comm && kill -STOP $p && echo $p
     done; true`,
  );
  match(frozen, /^\d+$/);
}

const exporter = (host: string) => ({
  'an exporter that hangs: TargetDown, until the runbook ends it': async () => {
    const pod = await podOf('app.kubernetes.io/component=pooler');
    await freeze(host, pod);
    await group.fire('TargetDown');
    const page = group.page('target-down');
    match(await page.look(), /pooler,exporter/);
    await page.run('kill 1', { POD: pod });
    await group.clear('TargetDown');
  },
});

const members = {
  'a database of three members begins': async () => {
    await group.begin(alerts, {
      database: { ...SMALL.database, members: 3 },
      observability: EXPORTERS,
    });
  },

  'a replica whose replay hangs: ReplicationLag, until the runbook lets it start again': async () => {
    const replica = await podOf('cryptosense.io/role=replica,app.kubernetes.io/component=database');
    const hang =
      'cd /proc; for p in [0-9]*; do grep -qsa ": [s]tartup" $p/cmdline && kill -STOP $p && echo $p; done; true';
    match(await kubectl([...own, 'exec', replica, '-c', 'database', '--', 'bash', '-c', hang]), /^\d+$/);
    await group.fire('ReplicationLag');
    const page = group.page('replication-lag');
    await page.look();
    await page.run('delete pod', { REPLICA: replica });
    await group.clear('ReplicationLag');
  },
};

sideBySide(test, bad, engine ? { ...members, ...exporter(engine) } : members);
if (!engine) test.skip('an exporter that hangs: TargetDown', NO_ENGINE);

test('an operator that somebody switched off: OperatorDown, until the runbook switches it on', async () => {
  await kubectl([...OPERATOR, 'scale', 'deployment/cryptosense-operator', '--replicas=0']);
  const page = runbook('operator-down', { NS: releases.namespace, ENV: releases.name });
  try {
    await alerts.fire(['OperatorDown']);
    match(await page.run('get pods,lease,events'), /No resources found/);
  } finally {
    await page.run('scale deploy/cryptosense-operator');
    await page.run('rollout status');
  }
  await alerts.clear(['OperatorDown']);
});

test.run();

import * as assert from 'uvu/assert';
import { sideBySide } from '../harness/side-by-side.ts';
import { suite } from '../harness/suite.ts';
import { ScaledAlerts } from './alerts/prometheus.ts';
import { EXPORTERS, Watched } from './alerts/watched.ts';
import { kubectl } from './cluster.ts';

/**
 * Faults that are caused for real, the alert that each of them fires (a minute of its rule is two seconds here), and its
 * runbook's own commands, which mend it. Two environments have their faults at the same time. Those that take minutes to
 * be seen are in test/soak/guide-faults.test.ts.
 */
const test = suite('faults, alerts and runbooks');
const shop = new Watched('alarms');
const releases = new Watched('unwatched');
let alerts: ScaledAlerts;

test.before(async () => {
  alerts = await ScaledAlerts.start();
  await Promise.all([
    shop.begin(alerts, { observability: EXPORTERS }),
    // Nobody watches a release here, so that a bad one can get through.
    releases.begin(alerts, { rollout: { canary: { steps: [{ weight: 100 }] }, scaleDownDelay: '1m' } }, 10),
  ]);
});
test.after(async () => {
  await Promise.all([shop.end(), releases.end()]);
  await alerts?.end();
});

test('none of these alerts fires while all is well', async () => {
  await shop.well('ApiDown', 'DatabaseDown', 'EnvironmentNotReady', 'HighLatency', 'SlowQueries');
  await releases.well('ErrorSpike', 'ErrorRate');
});

const own = ['-n', shop.namespace];

/** Its pods are gone at once, as those of a node that is lost. */
const loses = (component: string) =>
  kubectl([
    ...own,
    ...['delete', 'pods', '-l', `app.kubernetes.io/component=${component}`],
    ...['--grace-period=1', '--wait=false'],
  ]);

const psql = (sql: string) =>
  kubectl([
    ...own,
    ...['exec', `${shop.name}-database-0`, '-c', 'database'],
    ...['--', 'psql', '-d', 'cryptosense_dev', '-c', sql],
  ]);

const data = {
  'a database that cannot come back: DatabaseDown, and the API goes on': async () => {
    await kubectl([...own, 'create', 'quota', 'frozen', '--hard=pods=0']);
    await loses('database');
    await shop.fire('DatabaseDown');
    assert.not(await shop.fires('ApiDown'));
    const page = shop.page('database-not-ready');
    assert.match(await page.look('pod $ENV', 'logs'), /NotFound.*alarms-database-0/);
  },

  'an API that cannot come back either: ApiDown, until the runbook makes room for both': async () => {
    await loses('api');
    await shop.fire('ApiDown', 'EnvironmentNotReady');
    assert.match(await shop.page('environment-not-ready').look(), /DatabaseReady/);
    const page = shop.page('api-down');
    assert.match(await page.look(), /ApiReady\tFalse/);
    assert.match(await page.run('reason=FailedCreate'), /exceeded quota: frozen/);
    await page.run('patch resourcequota', { QUOTA: 'frozen' });
    await shop.page('database-not-ready').run('--for=condition=Ready');
    await shop.clear('ApiDown', 'DatabaseDown', 'EnvironmentNotReady');
  },

  'a lock that nobody lets go of: HighLatency and SlowQueries, until the runbook ends the query':
    async () => {
      const sql = 'begin; lock table price_history in access exclusive mode; select pg_sleep(3600)';
      const locked = psql(sql).then(
        () => 'it ended by itself',
        ({ stderr }: { stderr?: string }) => stderr ?? '',
      );
      await shop.fire('SlowQueries', 'HighLatency');
      await shop.look('high-latency');
      assert.match(await shop.look('database-slow'), /pg_sleep/);
      await shop.page('database-slow').run('pg_cancel_backend', { '1 minute': '2 seconds' });
      assert.match(await locked, /canceling statement/);
      await shop.clear('SlowQueries', 'HighLatency');
    },
};

const unwatched = {
  'a bad release that nobody watched: ErrorSpike and ErrorRate, until the runbook goes back': async () => {
    await releases.release('cryptosense-api:1.2.0-faulty', { FAULT_SHARE: '1' });
    await releases.fire('ErrorSpike', 'ErrorRate');
    assert.match(await releases.page('errors').look(), /1\.2\.0-faulty/);
    // Nobody is there to answer its question.
    await releases.page('api-down').run('undo $ENV --watch', { 'undo $ENV': 'undo $ENV --yes' });
    assert.is(releases.watch.current?.status?.stable?.image, 'cryptosense-api:1.0.0');
    await releases.clear('ErrorSpike', 'ErrorRate');
  },
};

sideBySide(test, data, unwatched);

test.run();

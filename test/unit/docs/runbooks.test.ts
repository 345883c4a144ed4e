import { equal, is, ok } from 'uvu/assert';
import { allAlerts } from '../../../charts/alerts/catalogue.ts';
import { durationText } from '../../../charts/alerts/rule.ts';
import { alertName } from '../../../charts/alerts/rule-groups.ts';
import { suite } from '../../harness/suite.ts';
import { everything, operatorManifests, resolved, workloads } from '../charts/environments.ts';
import { type Page, pages } from './pages.ts';

const test = suite('Runbooks');

const BACKED_UP = {
  enabled: true,
  bucket: { endpoint: 'https://s3.example.com', name: 'backups', credentialsSecret: 's3' },
  encryptionSecret: 'key',
};

const all = pages();
const runbooks = all.filter(({ path }) => path.startsWith('docs/runbooks/') && !path.endsWith('README.md'));
const alerts = allAlerts().map(({ alert }) => alert);

/** The page that an alert leads to, and whether its anchor is a heading. */
function target(runbook: string): { page: Page | undefined; found: boolean } {
  const [name, anchor] = runbook.split('#');
  const page = runbooks.find(({ path }) => path === `docs/runbooks/${name}.md`);
  return { page, found: page !== undefined && (anchor === undefined || page.anchors.has(anchor)) };
}

test('every alert leads to a page that names it', () => {
  for (const alert of alerts) {
    const { page, found } = target(alert.runbook);
    ok(found, `${alert.name}: docs/runbooks has no ${alert.runbook}`);
    ok(page?.spans.includes(alertName(alert)), `${page?.path} does not name ${alertName(alert)}`);
  }
});

test('no page names an alert that there is not', () => {
  const known = new Set(alerts.map(alertName));
  const unknown = all.flatMap(({ path, spans }) =>
    spans
      .filter((span) => /^CryptoSense[A-Z]\w+$/.test(span))
      .flatMap((span) =>
        known.has(span) || /^CryptoSense(Environment|Backup|Restore)s?$/.test(span)
          ? []
          : [`${path}: ${span}`],
      ),
  );
  equal(unknown, []);
});

test('the table of alerts says what they are', () => {
  const table = all
    .find(({ path }) => path === 'docs/monitoring.md')
    ?.rows.filter((cells) => cells.length === 5 && cells[0]?.startsWith('`'))
    .map(([name, severity, , forText, link]) => [name, severity, forText, link?.match(/\((.*)\)/)?.[1]]);
  const expected = alerts.map((alert) => {
    const [page, anchor] = alert.runbook.split('#');
    const link = `runbooks/${page}.md${anchor === undefined ? '' : `#${anchor}`}`;
    const text = alert.forSeconds === undefined ? '' : durationText(alert.forSeconds * 1000);
    return [`\`${alertName(alert)}\``, alert.severity, text, link];
  });
  equal(table, expected);
});

test('every page has something to look at and an end', () => {
  for (const page of runbooks) {
    ok(
      page.blocks.some(({ language, text }) => language === 'sh' && text.includes('kubectl')),
      `${page.path} has no command`,
    );
    ok(page.rows.length > 1, `${page.path} does not say what to do about what one sees`);
  }
});

test('commands name components, containers and objects that an environment has', () => {
  const manifests = ['local', 'production'].flatMap((tier) =>
    everything(
      resolved({ tier: tier as 'local', autoscaling: { minReplicas: 2 }, backup: BACKED_UP }, 'shop'),
    ),
  );
  const components = new Set(
    manifests.map(({ metadata }) => metadata.labels?.['app.kubernetes.io/component']),
  );
  const containers = new Set(
    workloads([...manifests, ...operatorManifests()]).flatMap(({ spec }) =>
      spec.template.spec.containers.map(({ name }) => name),
    ),
  );
  // Of a StatefulSet its pods and claims can be named, too.
  const names = new Set(manifests.map(({ metadata }) => metadata.name.replace(/^shop/, '')));
  let commands = 0;
  for (const { path, blocks } of runbooks) {
    for (const { text } of blocks.filter(({ language }) => language === 'sh')) {
      commands += 1;
      for (const [, component] of text.matchAll(/app\.kubernetes\.io\/component=([\w-]+)/g))
        ok(components.has(component), `${path}: component ${component}`);
      for (const [, container] of text.matchAll(/ -c ([\w-]+)/g))
        ok(containers.has(container ?? ''), `${path}: container ${container}`);
      for (const [, name = ''] of text.matchAll(/\$ENV(-[a-z-]+?)(?:-[0-9])?(?=[\s"'\\)]|$)/gm))
        ok(names.has(name) || GENERATED.has(name), `${path}: $ENV${name}`);
    }
  }
  is(commands > 20, true);
});

/** Names that commands give, and those of pods whose number is a variable. */
const GENERATED = new Set(['-by-hand-', '-drill-', '-credentials']);

test.run();

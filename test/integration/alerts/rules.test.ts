import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { equal, is, match } from 'uvu/assert';
import { allAlerts } from '../../../charts/alerts/catalogue.ts';
import { alertName, type PrometheusGroup, ruleGroups } from '../../../charts/alerts/rule-groups.ts';
import { promtoolBinary } from '../../../local/node/binaries.ts';
import { suite } from '../../harness/suite.ts';
import type { Case } from './cases/case.ts';
import { CASES } from './cases.ts';
import { promtoolTests, untested } from './promtool-tests.ts';

const test = suite('Alert rules, by promtool');

const options = { runbooks: 'https://runbooks.example.com' };
const rules = [...ruleGroups('environment', options), ...ruleGroups('operator', options)];
const folder = mkdtempSync(join(tmpdir(), 'cryptosense-rules-'));

test.after(() => rmSync(folder, { recursive: true, force: true }));

/** What promtool says of the cases. Each group is tried alone: no rule needs one of another group. */
async function tried(groups: readonly PrometheusGroup[], cases: readonly Case[]) {
  const promtool = await promtoolBinary((line) => console.log(line));
  const files = groups.flatMap((group) => {
    const names = group.rules.flatMap((rule) => ('alert' in rule ? [rule.alert] : []));
    const own = cases.filter((each) => names.includes(alertName({ name: each.alert })));
    if (own.length === 0) return [];
    const [ruleFile, testFile] = [`${group.name}.json`, `${group.name}-tests.json`];
    writeFileSync(join(folder, ruleFile), JSON.stringify({ groups: [group] }));
    writeFileSync(join(folder, testFile), JSON.stringify(promtoolTests(ruleFile, [group], own)));
    return [testFile];
  });
  const { exitCode, all } = await execa(promtool, ['test', 'rules', ...files], {
    cwd: folder,
    all: true,
    reject: false,
  });
  return { exitCode, output: all };
}

const casesOf = (alert: string) => CASES.filter((each) => each.alert === alert);

test('every alert is seen to fire, and every case is about one', () => {
  equal(untested(CASES), []);
  const known = new Set(allAlerts().map(({ alert: { name } }) => name));
  equal(
    CASES.filter(({ alert }) => !known.has(alert)),
    [],
  );
});

test('every alert fires at its minute, is silent one before, and has its labels and texts', async () => {
  const { exitCode, output } = await tried(rules, CASES);
  is(exitCode, 0, output);
});

test('another limit would be found', async () => {
  const other = (from: string, to: string) =>
    JSON.parse(JSON.stringify(rules).replace(from, to)) as PrometheusGroup[];
  const higher = await tried(other('* 60 > 100', '* 60 > 130'), casesOf('ErrorSpike'));
  is(higher.exitCode, 1);
  match(higher.output, /CryptoSenseErrorSpike, time: 17m/);
  const longer = await tried(other('"for":"2m"', '"for":"3m"'), casesOf('DatabaseDown'));
  is(longer.exitCode, 1);
});

// Those over days look at series that are recorded in the same way.
const quick = CASES.filter(({ alert }) => !alert.includes('Burns') && !alert.startsWith('Operator'));

test('the rules of one environment fire for it, with its tier', async () => {
  const one = { namespace: 'market', name: 'shop' };
  const own = ruleGroups('environment', { ...options, one, labels: { tier: 'production' } });
  const { exitCode, output } = await tried(
    own,
    quick.filter(({ alert }) => alert !== 'NotificationsLost'),
  );
  is(exitCode, 0, output);
});

test('the rules of another environment stay silent', async () => {
  const one = { namespace: 'market', name: 'shop-2' };
  const others = ruleGroups('environment', { ...options, one });
  const silent = quick
    .filter(({ alert, minute }) => alert !== 'NotificationsLost' && minute !== undefined)
    .map(({ minute: _, ...each }) => each);
  const { exitCode, output } = await tried(others, silent);
  is(exitCode, 0, output);
});

test.run();

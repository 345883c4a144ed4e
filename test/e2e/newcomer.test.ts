import { readFileSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import { DASHBOARD_PORT } from '../../local/addons/dashboard-access.ts';
import { checkout } from '../../local/checkout.ts';
import type { EnvironmentWatch } from '../../local/demo/watch.ts';
import { foreignKubeconfig } from '../../local/named-cluster.ts';
import { suite } from '../harness/suite.ts';
import { freePorts } from '../integration/processes.ts';
import { newcomersPath } from '../unit/docs/newcomer.ts';
import { follow, gatewayUrl, kubectl, OPERATOR } from './cluster.ts';
import { Recorder } from './recorder.ts';
import { Shell } from './shell.ts';

const test = suite("The newcomer's path in the README");

const kubeconfig = process.env.CRYPTOSENSE_TEST_KUBECONFIG ?? '';
const lines = newcomersPath(readFileSync(join(checkout, 'README.md'), 'utf8'));
/** A cluster that the user has named is used as it is. */
const isNamed = foreignKubeconfig() !== undefined;
let shell: Shell;
let watch: EnvironmentWatch;
let recorder: Recorder;
let port = 0;

interface Step {
  /** How the line of the README begins. */
  line: string;
  /** What it has to say. */
  says: RegExp[];
  seconds?: number;
  /** It goes on until it is ended: how one sees that it stands. */
  stands?: RegExp;
}

/** What each line comes to. A line of the README that is not here fails the test, and so does one here that the README lacks. */
const STEPS: Step[] = [
  {
    line: 'npm start',
    says: [
      /good release +100 % after \d+ s +\d{3,} requests, 0 failed/,
      /bad release +0 % after \d+ s .* failed, all by the release itself/,
      /because \d+ of \d+ requests answered 5xx/,
    ],
    seconds: 480,
  },
  { line: 'export KUBECONFIG=', says: [/^$/] },
  {
    line: 'kubectl get cse',
    says: [
      /^NAME +TIER +READY/,
      /local +local +True +cryptosense-api:1\.1\.0 .*1\.2\.0-faulty was rolled back/,
    ],
  },
  {
    line: 'kubectl describe cse local',
    says: [/Promoted .*cryptosense-api:1\.1\.0 gets all requests/, /RolledBack .*AnalysisFailed/],
  },
  { line: 'curl http://127.0.0.1:8080/api/prices/BTC', says: [/"symbol": ?"BTC"/, /"price/] },
  { line: 'curl http://127.0.0.1:8080/health/detailed', says: [/"status": ?"(ok|healthy|up)"/] },
  { line: 'npm run cli:build', says: [/wrote .*dist\/bin\/kubectl-cryptosense/], seconds: 120 },
  { line: 'export PATH=', says: [/^$/] },
  {
    line: 'kubectl cryptosense status local',
    says: [/cryptosense-api:1\.1\.0 \(2-[0-9a-f]{10}\) +serves, 100 % of the requests/],
  },
  { line: 'kubectl patch cse local', says: [/^cryptosenseenvironment\.cryptosense\.io\/local patched$/] },
  { line: `kubectl ${OPERATOR.join(' ')} delete pod`, says: [/^pod "cryptosense-operator-\S+" deleted/] },
  {
    line: 'kubectl cryptosense rollout status local --watch',
    says: [
      /cryptosense-api:1\.0\.0 \(4-[0-9a-f]{10}\) is released/,
      /10 % of the requests/,
      /cryptosense-api:1\.0\.0 \(4-[0-9a-f]{10}\) serves\.$/,
    ],
    seconds: 180,
  },
  {
    line: 'kubectl cryptosense history local',
    says: [
      /4-\S+ +cryptosense-api:1\.0\.0 .* serves/,
      /3-\S+ +cryptosense-api:1\.2\.0-faulty .* never served/,
    ],
  },
  {
    line: 'kubectl cryptosense undo local --yes --watch',
    says: [/back to cryptosense-api:1\.1\.0/, /cryptosense-api:1\.1\.0 serves/],
    seconds: 120,
  },
  { line: 'kubectl explain cse.spec.rollout.canary', says: [/FIELDS:[\s\S]*steps/] },
  { line: 'kubectl -n default create token dashboard', says: [/^ey\S+\.\S+\.\S+$/] },
  { line: `kubectl ${OPERATOR.join(' ')} port-forward`, says: [], stands: /Forwarding from/ },
  // Carried out by the runner at the end of all of these tests, by the same function.
  { line: 'npm run down', says: [] },
];

/** The same line for the cluster of these tests, which has another name and other ports. */
function here(line: string): string {
  if (line === 'npm start')
    return isNamed ? `KUBECONFIG=${kubeconfig} npm start` : 'CRYPTOSENSE_CLUSTER=test npm start';
  return line
    .replace(/^export KUBECONFIG=.*$/, (own) => (isNamed ? `export KUBECONFIG=${kubeconfig}` : own))
    .replace('cryptosense-local-*', basename(dirname(kubeconfig)))
    .replace('http://127.0.0.1:8080', gatewayUrl)
    .replace(/^curl /, 'curl --silent --show-error ')
    .replace(/port-forward (\S+) \d+$/, `port-forward $1 ${port}:${DASHBOARD_PORT}`);
}

test.before(async () => {
  watch = follow('default', 'local');
  recorder = new Recorder(watch);
  [port = 0] = await freePorts(1);
  const { KUBECONFIG: _, ...env } = process.env;
  const path = [dirname(process.env.CRYPTOSENSE_KUBECTL ?? ''), dirname(process.execPath), process.env.PATH];
  shell = new Shell({
    cwd: checkout,
    env: { ...env, PATH: path.join(delimiter), NO_COLOR: '1', FORCE_COLOR: undefined },
  });
});

test.after(async () => {
  shell?.end();
  await watch?.close();
  await kubectl(['-n', 'default', 'delete', 'cse', 'local', '--ignore-not-found', '--timeout=120s']);
});

test('has the lines that are looked at here, in this order', () => {
  equal(
    lines.map((line, i) => (line.startsWith(STEPS[i]?.line ?? '\n') ? STEPS[i]?.line : line)),
    STEPS.map(({ line }) => line),
  );
});

const begun = Date.now();
for (const [i, { line, says, seconds = 60, stands }] of STEPS.entries()) {
  if (line === 'npm run down') continue;
  test(`${i + 1}. ${line}`, async () => {
    const typed = here(lines[i] ?? '');
    if (stands) {
      await shell.leave(typed, stands, seconds * 1000);
      is((await fetch(`http://127.0.0.1:${port}`)).status, 200);
      return;
    }
    const { exitCode, text } = await shell.type(typed, seconds * 1000);
    if (line === 'npm start') recorder.keep('canary', 'Canary: a good release, then a bad one');
    is(exitCode, 0, `${typed}\n${text}`);
    for (const expected of says) match(text, expected, `${typed}\n${text}`);
  });
}

test('takes less than ten minutes when the cluster is there', () => {
  const minutes = (Date.now() - begun) / 60_000;
  console.log(`\nnote: the path took ${minutes.toFixed(1)} minutes`);
  is(minutes < 10, true, `${minutes} minutes`);
});

test.run();

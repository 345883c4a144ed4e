import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equal, is, match } from 'uvu/assert';
import { DASHBOARD_PORT } from '../../local/addons/dashboard-access.ts';
import { suite } from '../harness/suite.ts';
import { Reader } from '../integration/dashboard/reader.ts';
import { endProcess, eventually, freePorts, startProcess } from '../integration/processes.ts';
import { kubectl, OPERATOR } from './cluster.ts';

const test = suite('The dashboard in a cluster');

test('the two lines of npm start lead to the page and past its sign-in, and no other pod gets there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-forward-'));
  const logFile = join(folder, 'log');
  const [port = 0] = await freePorts(1);
  const forward = startProcess(
    process.env.CRYPTOSENSE_KUBECTL ?? 'kubectl',
    [...OPERATOR, 'port-forward', 'deploy/cryptosense-operator', `${port}:${DASHBOARD_PORT}`],
    logFile,
    { KUBECONFIG: process.env.CRYPTOSENSE_TEST_KUBECONFIG ?? '' },
  );
  const url = `http://127.0.0.1:${port}`;
  try {
    await eventually('the port-forward stands', () => {
      if (forward.exitCode !== null) throw new Error(readFileSync(logFile, 'utf8'));
      return readFileSync(logFile, 'utf8').includes('Forwarding from');
    });
    const page = await fetch(url);
    is(page.status, 200);
    match(await page.text(), '/assets/main.js');
    is((await fetch(`${url}/assets/main.js`)).status, 200);
    const token = (await kubectl(['-n', 'default', 'create', 'token', 'dashboard'])).trim();
    const list = await Reader.open(`${url}/api/environments`, token);
    equal(await list.until('hello'), { user: 'system:serviceaccount:default:dashboard' });
    is((await list.until('environments')).refused, undefined);
    list.close();
    // It listens on 127.0.0.1 of its pod: through the Service's way, by the address of the pod, nobody answers.
    const pod = (
      await kubectl([...OPERATOR, 'get', 'pods', '-o', 'jsonpath={.items[0].metadata.name}'])
    ).trim();
    const path = `/api/v1/namespaces/cryptosense-system/pods/${pod}:${DASHBOARD_PORT}/proxy/`;
    const refused = await kubectl(['get', '--raw', path]).then(
      () => 'answered',
      (error: Error) => error.message,
    );
    match(refused, /refused|unable to|error trying to reach/i);
  } finally {
    await endProcess(forward);
    rmSync(folder, { recursive: true, force: true });
  }
});

test.run();

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DASHBOARD_PORT } from '../../local/addons/dashboard-access.ts';
import { endProcess, eventually, freePorts, startProcess } from '../integration/processes.ts';
import { kubectl, OPERATOR } from './cluster.ts';

/** The dashboard of the operator in the cluster, by the two lines that npm start prints: its address, and a token for it. */
export async function withDashboard(
  work: (dashboard: { url: string; token: string }) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-forward-'));
  const logFile = join(folder, 'log');
  const [port = 0] = await freePorts(1);
  const forward = startProcess(
    process.env.CRYPTOSENSE_KUBECTL ?? 'kubectl',
    [...OPERATOR, 'port-forward', 'deploy/cryptosense-operator', `${port}:${DASHBOARD_PORT}`],
    logFile,
    { KUBECONFIG: process.env.CRYPTOSENSE_TEST_KUBECONFIG ?? '' },
  );
  try {
    await eventually('the port-forward stands', () => {
      if (forward.exitCode !== null) throw new Error(readFileSync(logFile, 'utf8'));
      return readFileSync(logFile, 'utf8').includes('Forwarding from');
    });
    const token = (await kubectl(['-n', 'default', 'create', 'token', 'dashboard'])).trim();
    await work({ url: `http://127.0.0.1:${port}`, token });
  } finally {
    await endProcess(forward);
    rmSync(folder, { recursive: true, force: true });
  }
}

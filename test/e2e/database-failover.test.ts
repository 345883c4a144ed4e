import type { Options } from 'postgres';
import * as assert from 'uvu/assert';
import { isSettled } from '../../local/demo/watch.ts';
import { suite } from '../harness/suite.ts';
import { CountingWriter } from '../integration/database/writer.ts';
import { eventually } from '../integration/processes.ts';
import { kubectl, nodeAddress, TestEnvironment } from './cluster.ts';

const test = suite('database failover');
const environment = new TestEnvironment('failover');
const { namespace, name, watch } = environment;
const GAP_MS = 15_000;
let writer: CountingWriter;

/** PgBouncer at a port of the node. */
async function pooler(): Promise<Options<Record<string, never>>> {
  const own = ['-n', namespace];
  const service = 'writers';
  await kubectl([...own, 'expose', 'service', `${name}-pooler`, `--name=${service}`, '--type=NodePort']);
  const [host = '', port] = (await nodeAddress(namespace, service)).split(':');
  const secret = await kubectl(['-n', namespace, 'get', 'secret', `${name}-credentials`, '-o', 'json']);
  const { data } = JSON.parse(secret) as { data: Record<string, string> };
  const url = new URL(Buffer.from(data.DATABASE_URL ?? '', 'base64').toString());
  return {
    host,
    port: Number(port),
    username: url.username,
    password: url.password,
    database: url.pathname.slice(1),
  };
}

/** Name of the pod to which the Service leads. */
async function primary(): Promise<string> {
  const path = 'jsonpath={.subsets[0].addresses[0].targetRef.name}';
  return kubectl(['-n', namespace, 'get', 'endpoints', `${name}-database`, '-o', path]);
}

test.before(async () => {
  await environment.createFrom('production-small.yaml');
  await watch.until('Ready', isSettled, 300_000);
  const login = await pooler();
  await eventually('PgBouncer answers', async () => {
    try {
      writer = await CountingWriter.start(login);
      return true;
    } catch {
      return false;
    }
  });
});
test.after(async () => {
  await writer?.stop();
  await environment.remove();
});

test('the primary pod is killed under writes: another member takes over, and no confirmed row is lost', async () => {
  const before = await primary();
  await eventually('the writer writes', () => writer.confirmed.length > 50);
  const from = performance.now();
  await kubectl(['-n', namespace, 'delete', 'pod', before, '--force', '--grace-period=0']);
  await eventually('another member is primary', async () => (await primary()) !== before, 60_000);
  const count = writer.confirmed.length;
  await eventually('the writer goes on', () => writer.confirmed.length > count + 50, 60_000);
  const gap = writer.longestGap(from);
  console.log(`\nnote: ${Math.round(gap)} ms without a confirmed write`);
  await watch.until('the former primary is back', (e) => isSettled(e) && areInStep(e), 120_000);

  const confirmed = [...writer.confirmed];
  const query = 'select id from written';
  const pod = ['exec', await primary(), '-c', 'database', '--'];
  const rows = await kubectl(['-n', namespace, ...pod, 'psql', '-Atd', 'cryptosense', '-c', query]);
  const there = new Set(rows.split('\n').map(Number));
  assert.equal(
    confirmed.filter(({ id }) => !there.has(id)),
    [],
    'confirmed rows are lost',
  );
  assert.ok(gap < GAP_MS, `${Math.round(gap)} ms without a confirmed write`);
});

const areInStep = (e: NonNullable<typeof watch.current>) =>
  e.status?.conditions?.some(
    ({ type, message }) => type === 'DatabaseReady' && /2 replicas are in step/.test(message),
  ) === true;

test.run();

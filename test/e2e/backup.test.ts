import { BlockList, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as after } from 'node:timers/promises';
import { request } from 'undici';
import * as assert from 'uvu/assert';
import { stringify } from 'yaml';
import { isSettled } from '../../local/demo/watch.ts';
import type { Condition } from '../../operator/api/status.ts';
import { suite } from '../harness/suite.ts';
import { Storage } from '../integration/backup/storage.ts';
import { eventually } from '../integration/processes.ts';
import { cryptosense, gatewayUrl, kubectl, TestEnvironment } from './cluster.ts';

const test = suite('backups in a cluster');
const environment = new TestEnvironment('backup');
const { namespace, name, watch } = environment;
const own = ['-n', namespace];
const STORAGE = `storage.${namespace}.svc`;
const WAITING = "select 'waiting: ' || count(*) from pg_ls_archive_statusdir() where name like '%.ready'";
let storage: Storage;

test.before(async () => {
  storage = await Storage.start([STORAGE]);
  await storage.createBucket('backups');
  await environment.createNamespace();
  await leadToStorage();
  await environment.apply({
    backup: {
      enabled: true,
      bucket: {
        endpoint: `https://${STORAGE}:${storage.port}`,
        name: 'backups',
        credentialsSecret: 'bucket',
        caSecret: 'authority',
      },
      encryptionSecret: 'passphrase',
    },
  });
  await watch.until('Ready', isSettled, 300_000);
});
test.after(async () => {
  await environment.remove();
  await storage?.stop();
});

test('a backup that is asked for is restored before it counts', async () => {
  await psql(
    'set role cryptosense; create table kept (id int); insert into kept select generate_series(1, 100000)',
  );
  await apply('CryptoSenseBackup', 'asked', { environment: name, type: 'full' });
  await becomes('csb', 'asked', 'Verified');
  const { sizeBytes, restorePoint } = await status('csb', 'asked');
  assert.ok(Number(sizeBytes) > 1_000_000, `${sizeBytes} bytes`);
  assert.is((restorePoint as { archived?: boolean }).archived, true);
});

test('the CronJob takes a full backup and a dump, and both are verified', async () => {
  await kubectl([...own, 'create', 'job', `--from=cronjob/${name}-backup`, 'by-hand']);
  const types = async () =>
    new Set((await verified()).map((one) => /-(full|dump)-\d{8}-\d{4}$/.exec(one)?.[1]).filter(Boolean));
  await eventually('both are verified', async () => (await types()).size === 2, 240_000);
});

test('a drill restores the newest state, rows written after the backup included, and measures it', async () => {
  await psql('insert into kept select generate_series(100001, 150000)');
  // In a transaction of its own: the log that is switched away then ends after the rows.
  await psql('select pg_switch_wal()');
  await eventually('the log is archived', async () => (await psql(WAITING)).includes('waiting: 0'));
  const drilled = await cryptosense([...own, 'drill', name, '--name', 'drill']);
  assert.is(drilled.exitCode, 0, drilled.stdout + drilled.stderr);
  const { rtoSeconds, report } = await status('csrestore', 'drill');
  console.log(`\nnote: the drill took ${rtoSeconds} s until the database answered`);
  assert.ok(Number(rtoSeconds) > 0 && Number(rtoSeconds) < 120, `${rtoSeconds} s`);
  const { rows } = report as { rows: number };
  assert.ok(rows >= 150_000, `${rows} rows`);
});

test('a moment before the oldest backup is refused with what is possible', async () => {
  const target = { time: '2020-01-01T00:00:00Z' };
  await apply('CryptoSenseRestore', 'too-early', { environment: name, mode: 'drill', target });
  const { message } = await becomes('csrestore', 'too-early', 'Accepted', 'False');
  assert.match(message, /20\d\d-\d\d-\d\dT/);
});

test('a restore in place goes back to between two transactions, and the API answers 503 meanwhile and well afterwards', async () => {
  await psql('insert into kept values (-1)');
  const now = `select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  const between = /\d{4}-\S+Z/.exec(await psql(now))?.[0] ?? '';
  await psql('insert into kept values (-2)');
  await psql('select pg_switch_wal()');
  await eventually('the log is archived', async () => (await psql(WAITING)).includes('waiting: 0'));
  const answers = new Answers();
  const restored = await cryptosense([
    ...[...own, 'restore', name, '--in-place', '--confirm', name],
    ...['--time', between, '--name', 'back'],
  ]);
  assert.is(restored.exitCode, 0, restored.stdout + restored.stderr);
  assert.match(await psql('select id from kept where id < 0'), /-1\n\(1 row\)/);
  await eventually('the API reads the database again', async () => (await history()).status === 200);
  const { statuses, withoutRetryAfter } = await answers.end();
  assert.equal([...statuses].sort(), [200, 503], 'the API said something else');
  assert.is(withoutRetryAfter, 0);
  const { rtoSeconds, archive, safetyBackup } = await status('csrestore', 'back');
  console.log(`\nnote: the restore in place took ${rtoSeconds} s with its safety backup`);
  assert.is(archive, `${name}-2`);
  await becomes('csb', String(safetyBackup), 'Completed');
  await watch.until('Ready', isSettled, 120_000);
  const first = String(safetyBackup).replace('-before-', '-after-');
  await becomes('csb', first, 'Verified');
  const stanza = (await status('csb', first)).stanza;
  assert.is(stanza, `${name}-2`);
  await eventually(
    'the former data is gone',
    async () => !(await inDatabase('ls', '/var/lib/postgresql/data')).includes('before'),
    120_000,
  );
});

/** Asks all the time for what the API reads from the database: 200 is right, and 503 while there is none. */
class Answers {
  readonly statuses = new Set<number>();
  withoutRetryAfter = 0;
  #isOver = false;
  readonly #done = this.#ask();

  async #ask(): Promise<void> {
    while (!this.#isOver) {
      const { status, hasRetryAfter } = await history();
      this.statuses.add(status);
      if (status === 503 && !hasRetryAfter) this.withoutRetryAfter += 1;
      await after(200);
    }
  }

  async end(): Promise<this> {
    this.#isOver = true;
    await this.#done;
    return this;
  }
}

async function history(): Promise<{ status: number; hasRetryAfter: boolean }> {
  const url = `${gatewayUrl}/api/v1/prices/BTC/history?interval=1m`;
  const { statusCode, headers, body } = await request(url, { headers: { host: environment.host } });
  await body.dump();
  return { status: statusCode, hasRetryAfter: headers['retry-after'] !== undefined };
}

/** The storage is a process of this machine: a Service without a selector leads to it. */
async function leadToStorage(): Promise<void> {
  const node = await kubectl([
    'get',
    'nodes',
    '-o',
    'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}',
  ]);
  const ports = [{ name: 'https', port: storage.port }];
  await write({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'storage' }, spec: { ports } });
  await write({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'storage', labels: { 'kubernetes.io/service-name': 'storage' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [thisMachineFor(node)] }],
    ports,
  });
  const secrets = {
    bucket: { 'access-key-id': storage.accessKeyId, 'secret-access-key': storage.secretAccessKey },
    authority: { 'ca.crt': storage.ca },
    passphrase: { passphrase: 'a passphrase of the test' },
  };
  for (const [secret, stringData] of Object.entries(secrets))
    await write({ apiVersion: 'v1', kind: 'Secret', metadata: { name: secret }, stringData });
}

/** This machine's address in the network of the node. */
function thisMachineFor(node: string): string {
  for (const { address, cidr } of Object.values(networkInterfaces()).flatMap((all) => all ?? [])) {
    if (!isIPv4(address) || cidr === null) continue;
    const network = new BlockList();
    network.addSubnet(address, Number(cidr.split('/')[1]));
    if (network.check(node)) return address;
  }
  throw new Error(`This machine has no address in the network of the node (${node}).`);
}

const write = (manifest: object) => kubectl([...own, 'apply', '-f', '-'], { input: stringify(manifest) });

const apply = (kind: string, object: string, spec: object) =>
  write({ apiVersion: 'cryptosense.io/v1alpha1', kind, metadata: { name: object }, spec });

const inDatabase = (...command: string[]) =>
  kubectl([...own, 'exec', `${name}-database-0`, '-c', 'database', '--', ...command]);

const psql = (sql: string) => inDatabase('psql', '-d', 'cryptosense_dev', '-c', sql);

async function status(kind: string, object: string): Promise<Record<string, unknown>> {
  const text = await kubectl([...own, 'get', kind, object, '-o', 'json']);
  return (JSON.parse(text) as { status?: Record<string, unknown> }).status ?? {};
}

async function becomes(kind: string, object: string, type: string, wanted = 'True'): Promise<Condition> {
  let found: Condition | undefined;
  await eventually(
    `${kind} ${object} is ${type}=${wanted}`,
    async () => {
      const { conditions = [] } = (await status(kind, object)) as { conditions?: Condition[] };
      found = conditions.find((one) => one.type === type && one.status === wanted);
      const failed = conditions.find(({ type, reason }) => type === 'Completed' && reason === 'Failed');
      if (failed && !found) throw new Error(failed.message);
      return found !== undefined;
    },
    240_000,
  );
  if (found === undefined) throw new Error('unreachable');
  return found;
}

async function verified(): Promise<string[]> {
  const { items } = JSON.parse(await kubectl([...own, 'get', 'csb', '-o', 'json'])) as {
    items: { metadata: { name: string }; status?: { conditions?: Condition[] } }[];
  };
  return items
    .filter(({ status }) => status?.conditions?.some((c) => c.type === 'Verified' && c.status === 'True'))
    .map(({ metadata }) => metadata.name);
}

test.run();

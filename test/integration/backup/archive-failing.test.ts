import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { EXPORTERS } from '../../../charts/exporters.ts';
import { type ArchiveState, archiveProblem } from '../../../operator/backup/archive.ts';
import { suite } from '../../harness/suite.ts';
import { scaledRules, until } from '../alerts/firing.ts';
import { type Prometheus, startPrometheus } from '../analysis/prometheus-server.ts';
import { docker } from '../database/docker.ts';
import { eventually } from '../processes.ts';
import { runbook } from '../runbook.ts';
import { BackupWorld } from './world.ts';

/** The alert and the runbook of an archive that fails, on a real database with its agent and its exporter, and a real bucket. */
const test = suite('A log that cannot be archived');
const IMAGE = process.env.CRYPTOSENSE_EXPORTERS_IMAGE || 'cryptosense-exporters:dev';
const { args, port } = EXPORTERS.database;
/** The two minutes of the rule, in which PostgreSQL tries at least once, are eight seconds here. */
const SCALE = 1 / 15;
const WRITE_EVERY_MS = 1_000;

const folder = mkdtempSync(join(tmpdir(), 'cryptosense-archive-'));
let world: BackupWorld;
let exporter: string;
let prometheus: Prometheus;
let writer: Writer;

/** Commits a row and fills a segment of the log with it, again and again: PostgreSQL tries to archive each. */
class Writer {
  rows = 0;
  #isOver = false;
  readonly #done = this.#write();

  async #write(): Promise<void> {
    while (!this.#isOver) {
      await world.query(`insert into prices values ('ETH', ${this.rows}); select pg_switch_wal()`);
      this.rows += 1;
      await new Promise((resolve) => setTimeout(resolve, WRITE_EVERY_MS));
    }
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#done;
  }
}

test.before(async () => {
  // The folder of the socket is one of the pod, which the exporter sees, too.
  chmodSync(folder, 0o777);
  world = await BackupWorld.start({ name: 'archived', run: folder });
  await world.fill(10);
  await world.startAgent();
  exporter = `${world.container}-exporter`;
  await docker(
    ...['run', '--detach', '--name', exporter, '--memory', '64m', '--publish', `127.0.0.1::${port}`],
    ...['--volume', `${folder}:/var/run/postgresql`],
    ...[
      '--env',
      'DATA_SOURCE_NAME=user=postgres host=/var/run/postgresql dbname=cryptosense sslmode=disable',
    ],
    ...[IMAGE, ...args],
  );
  const address = (await docker('port', exporter, String(port))).trim();
  const labels = { namespace: 'market', environment: 'archived', pod: 'archived-database-0' };
  const rules = scaledRules('environment', { ArchiveFailing: SCALE });
  prometheus = await startPrometheus([{ address, labels }], { interval: '500ms', rules });
  writer = new Writer();
});
test.after(async () => {
  await writer?.end();
  await prometheus?.stop();
  if (exporter) await docker('rm', '--force', exporter).catch(() => '');
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const page = () =>
  runbook(
    'archive-failing',
    { NS: 'market', ENV: 'archived', DB: 'cryptosense' },
    { containers: { 'archived-database-0': world.container } },
  );

/** What the condition BackupReady says, from what the agent says. */
async function condition(): Promise<string | undefined> {
  return archiveProblem((await world.archive()) as unknown as ArchiveState, Date.now());
}

test('keys that the storage refuses: ArchiveFailing, until the right ones are there again; then nothing is missing', async () => {
  await eventually('the log is archived', async () => (await condition()) === undefined);
  await world.writeFiles({ secretKey: 'another key' });
  await until(prometheus, 'ArchiveFailing', { deadlineMs: 120_000 });
  assert.match((await condition()) ?? '', /^The log does not reach the bucket: /);
  const seen = await page().mend('pg_stat_archiver');
  assert.match(seen, /last_failed_wal/);
  assert.match(
    seen,
    /SignatureDoesNotMatch|AccessDenied|InvalidAccessKeyId/,
    'the page does not show what the storage says',
  );

  await world.writeFiles();
  await until(prometheus, 'ArchiveFailing', { isOver: true, deadlineMs: 120_000 });
  await writer.end();
  const before = writer.rows;
  await world.archived(90_000);
  assert.is(await condition(), undefined);
  assert.is((await world.archive())?.waiting, 0);
  const { exitCode, output } = await world.program(['take', 'full', 'afterwards']);
  assert.is(exitCode, 0, output);
  assert.is(await world.query("select count(*) from prices where coin = 'ETH'"), String(before));
});

test.run();

import * as assert from 'uvu/assert';
import { parseResult } from '../../operator/restore/result.ts';
import { fillWithPrices } from '../bench/data/prices.ts';
import { figure } from '../bench/figure.ts';
import { type Preparation, prepareIntegration } from '../harness/prepare.ts';
import { suite } from '../harness/suite.ts';
import { BackupWorld } from '../integration/backup/world.ts';

const test = suite('Recovery of a large database');
const GIGABYTES = Number(process.env.SOAK_DATABASE_GB || 5);
/** The guide's RTO is four hours for a database of any size. */
const RTO_SECONDS = 4 * 3_600;
const ARCHIVED_MS = 3_600_000;
const RESULT = '/tmp/result';
const LIMITS = { SCRATCH_FOLDER: '/var/lib/postgresql/data/scratch', DEADLINE_SECONDS: '14400' };
let world: BackupWorld;
let preparation: Preparation | undefined;
let bytes: number;
let rows: number;

test.before(async () => {
  preparation = await prepareIntegration();
  Object.assign(process.env, preparation.env);
  world = await BackupWorld.start({ name: 'large', onDisk: true, memory: '2g' });
  await world.startAgent();
  bytes = await fillWithPrices(world, GIGABYTES * 1e9);
  await world.archived(ARCHIVED_MS);
  const { exitCode, output } = await world.program(['take', 'full', 'large'], LIMITS);
  assert.is(exitCode, 0, output);
  // What the log has to bring back, because the backup does not have it.
  await world.query(`
    insert into price_history (symbol, timestamp, price, volume, source)
    select 'BTC', now(), 1, 1, 'after the backup' from generate_series(1, 100000)`);
  await world.archived(ARCHIVED_MS);
  rows = Number(await world.query('select count(*) from price_history'));
});
test.after(async () => {
  await world?.stop();
  await preparation?.cleanUp();
});

test(`${GIGABYTES} GB are back from the bucket, with all that was written after the backup, within the RTO`, async () => {
  const env = { ...LIMITS, RESTORE_TARGET: '{}', RESULT_FILE: RESULT };
  const { output } = await world.program(['drill'], env);
  const result = parseResult((await world.exec(['cat', RESULT])).output);
  if (result?.outcome !== 'restored') throw new Error(output);
  assert.is(result.rows, rows);
  const seconds = (to: string) => (Date.parse(to) - Date.parse(result.startedAt)) / 1_000;
  const rto = seconds(result.answeredAt);
  console.log(
    `note: ${(bytes / 1e9).toFixed(1)} GB: files there after ${seconds(result.restoredAt).toFixed(1)} s, ` +
      `answered after ${rto.toFixed(1)} s, every page checked after ${seconds(result.checkedAt).toFixed(1)} s`,
  );
  const metric = `rto_${GIGABYTES}gb_seconds`;
  console.log(JSON.stringify(figure('data', metric, 's', { ours: rto, peer: undefined, peerName: '' })));
  assert.ok(rto < RTO_SECONDS, `${rto} s, and ${RTO_SECONDS} s are the RTO`);
});

test.run();

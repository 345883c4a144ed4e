import * as assert from 'uvu/assert';
import { type ArchiveState, archiveProblem } from '../../../operator/backup/archive.ts';
import { pgbackrestSettings } from '../../../operator/backup/pgbackrest-settings.ts';
import {
  type BackupStatus,
  conditionOf,
  judged,
  parseRecord,
  RUNNING,
  recordText,
  withCondition,
} from '../../../operator/backup/record.ts';
import { dumpKey, nextStanza, prefixOf, recordKey, stanzaOf } from '../../../operator/backup/repository.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('Where backups are, and what is known of them');

const NOW = Date.parse('2026-11-23T02:03:04.500Z');

test('every environment has a folder of its own, unless it was given one', () => {
  const shop = { name: 'shop', namespace: 'market' };
  assert.is(prefixOf(shop), 'market/shop');
  assert.is(prefixOf(shop, 'eu/shop'), 'eu/shop');
  assert.is(recordKey('market/shop', 'before'), 'market/shop/records/before.json');
});

test('a dump has the name that the guide gives it, and says that it is encrypted', () => {
  assert.is(dumpKey('market/shop', NOW), 'market/shop/dumps/cryptosense_backup_20261123_020304.sql.gz.enc');
});

test('every restore is followed by a stanza of its own, and that of another environment is refused', () => {
  assert.is(stanzaOf('shop'), 'shop-1');
  assert.is(nextStanza('shop', undefined), 'shop-1');
  assert.is(nextStanza('shop', 'shop-1'), 'shop-2');
  assert.is(nextStanza('my-shop-2', 'my-shop-2-9'), 'my-shop-2-10');
  for (const other of ['shops-1', 'shop-0', 'shop-1-2', 'shop-'])
    assert.throws(() => nextStanza('shop', other), /no stanza of the environment shop/, other);
});

test('a record comes back as it was written, and what is none is refused with a sentence', () => {
  const status = withCondition(
    {},
    { type: 'Completed', status: 'True', reason: 'Complete', message: 'ok' },
    NOW,
  );
  const record = {
    version: 1,
    name: 'shop-full-20261123-0200',
    spec: { environment: 'shop', type: 'full' },
    status,
  } as const;
  assert.equal(parseRecord('key', recordText(record)), record);
  const refused: [text: string, message: RegExp][] = [
    ['{', /^key is no record of a backup: it is not JSON$/],
    ['null', /version undefined/],
    ['{"version":2}', /version 2, and this program reads version 1/],
    ['{"version":1,"name":"x"}', /name, spec or status is missing/],
    ['{"version":1,"name":"x","spec":{"environment":"shop","type":"other"},"status":{}}', /is missing/],
  ];
  for (const [text, message] of refused) assert.throws(() => parseRecord('key', text), message);
});

test('a condition changes its time only with its status', () => {
  const is = (status: 'True' | 'False', message: string) => ({
    type: 'Verified',
    status,
    reason: 'R',
    message,
  });
  const first = withCondition({}, is('True', 'one'), NOW);
  const second = withCondition(first, is('True', 'two'), NOW + 1000);
  const third = withCondition(second, is('False', 'three'), NOW + 2000);
  const times = [first, second, third].map((status) => conditionOf(status, 'Verified')?.lastTransitionTime);
  const [begin, end] = [NOW, NOW + 2000].map((time) => new Date(time).toISOString());
  assert.equal(times, [begin, begin, end]);
  assert.is(third.conditions?.length, 1);
});

test('tools that wait for a backup see it in progress, done, or failed', () => {
  const is = (type: string, status: 'True' | 'False', reason = 'R') => ({
    type,
    status,
    reason,
    message: 'M.',
  });
  const running = judged({}, is('Completed', 'False', RUNNING), NOW);
  const complete = judged(running, is('Completed', 'True'), NOW);
  const seen = (status: BackupStatus) =>
    ['Reconciling', 'Stalled'].map((type) => conditionOf(status, type)?.status);
  assert.equal(seen(running), ['True', 'False']);
  assert.equal(seen(complete), ['True', 'False'], 'it does not count before it was restored');
  assert.equal(seen(judged(complete, is('Verified', 'True'), NOW)), ['False', 'False']);
  assert.equal(seen(judged(complete, is('Verified', 'False'), NOW)), ['False', 'True']);
  assert.equal(seen(judged(running, is('Completed', 'False', 'Failed'), NOW)), ['False', 'True']);
  assert.is(complete.observedGeneration, 1);
});

test('pgBackRest gets no secret in its file, and never expires fulls by its own count', () => {
  const bucket = { endpoint: 'https://s3.test:9443', name: 'backups' };
  const text = pgbackrestSettings({ bucket, prefix: 'market/shop', hasOwnAuthority: true });
  const has = (line: string) => assert.ok(text.split('\n').includes(line), line);
  has('repo1-s3-endpoint=s3.test');
  has('repo1-storage-port=9443');
  has('repo1-path=/market/shop/pgbackrest');
  has('repo1-cipher-type=aes-256-cbc');
  has('repo1-retention-archive=7');
  assert.not.match(text, /retention-full|key|pass|verify-tls/);
});

test('an archive that fails, waits too long or cannot be used is said with what it does to the volume', () => {
  const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
  const good = { isPrimary: true, archived: 5, failed: 1, waiting: 0, walBytes: 0 };
  const wal = '000000010000000000000007';
  assert.is(archiveProblem(good, NOW), undefined);
  assert.is(archiveProblem({ ...good, lastFailedAt: ago(60), lastArchivedAt: ago(59) }, NOW), undefined);
  const said = (state: ArchiveState) => archiveProblem(state, NOW) ?? '';
  const failing = { ...good, waiting: 3, lastFailedAt: ago(59), lastFailedWal: wal };
  assert.match(said(failing), /000000010000000000000007 cannot be archived, nothing was archived yet/);
  assert.is(said({ ...failing, waiting: 4, lastFailedAt: ago(1) }), said(failing), 'figures are no news');
  const waiting = { ...good, waiting: 1, oldestWaitingAt: ago(179) };
  assert.is(archiveProblem(waiting, NOW), undefined);
  assert.match(said({ ...waiting, oldestWaitingAt: ago(181) }), /waiting since .* fills the volume/);
  assert.match(said({ ...good, stanzaProblem: 'no bucket' }), /cannot be used: no bucket/);
});

test.run();

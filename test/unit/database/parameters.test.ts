import * as assert from 'uvu/assert';
import { settingsFile } from '../../../charts/database.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { parameterProblems } from '../../../operator/database/parameters.ts';
import { suite } from '../../harness/suite.ts';
import { resolved, TIERS } from '../charts/environments.ts';

const test = suite('parameters of PostgreSQL');

function problems(parameters: Record<string, string>, spec: Partial<EnvironmentSpec> = {}): string {
  const database = { ...spec.database, parameters };
  return parameterProblems(resolved({ tier: 'production', ...spec, database })).join('\n');
}

test('no tier has a problem of its own, with however little memory', () => {
  for (const tier of TIERS) {
    assert.equal(parameterProblems(resolved({ tier })), []);
    assert.equal(parameterProblems(resolved({ tier, database: { resources: { memory: '16Mi' } } })), []);
  }
});

test("a parameter takes the place of the tier's setting, and the others stay", () => {
  const { database } = resolved({ tier: 'production', database: { parameters: { work_mem: '32MB' } } }).spec;
  const file = settingsFile(database);
  assert.match(file, /^work_mem = '32MB'$/m);
  assert.match(file, /^shared_buffers = '2097152kB'$/m);
  assert.is(file.match(/work_mem/g)?.length, 2);
});

test('a value of the wrong form is refused with the place and what to write', () => {
  assert.is(
    problems({ work_mem: '32mb' }),
    'spec.database.parameters.work_mem is 32mb: write a number with one of the units B, kB, MB, GB, TB',
  );
  assert.is(problems({ jit: 'onn' }), 'spec.database.parameters.jit is onn: write on or off');
  assert.match(problems({ log_statement: 'some' }), /write one of none, ddl, mod, all/);
  assert.match(problems({ block_size: '8192' }), /block_size cannot be changed/);
  assert.match(problems({ checkpoint_timeout: '29s' }), /write a number from 30 to 86400 \(in s\)/);
  assert.match(problems({ vacuum_cost_limit: '10kB' }), /write a number without a unit/);
});

test('memory is compared with that of the pod', () => {
  assert.is(problems({ shared_buffers: '6GB' }), '');
  assert.match(
    problems({ shared_buffers: '6145MB' }),
    /shared_buffers \(6145MB\) is more than 75 %.*at most 6144MB/,
  );
  assert.match(problems({ maintenance_work_mem: '7GB' }), /maintenance_work_mem \(7GB\) and shared_buffers/);
  assert.match(
    problems({ max_locks_per_transaction: '1000000' }),
    /max_locks_per_transaction .* needs about/,
  );
  const small = { database: { resources: { memory: '1Gi' } } };
  assert.match(problems({ work_mem: '900MB' }, small), /work_mem/);
  assert.is(problems({ work_mem: '900MB' }), '');
});

test('max_connections has room for every PgBouncer pod, one more while they are replaced, and ten sessions', () => {
  assert.is(problems({ max_connections: '100' }), '');
  assert.match(problems({ max_connections: '99' }), /max_connections to at least 100/);
  assert.match(
    problems({}, { pooler: { replicas: 8 } }),
    /can open 270 connections \(replicas 8 and one more/,
  );
  assert.match(problems({}, { pooler: { poolSize: 100 } }), /max_connections to at least 325/);
  assert.is(problems({ max_connections: '325' }, { pooler: { poolSize: 100 } }), '');
});

test('settings that PostgreSQL does not start with together are refused', () => {
  assert.match(
    problems({ superuser_reserved_connections: '200' }),
    /superuser_reserved_connections \(200\) has to be less than max_connections \(200\)/,
  );
  assert.match(problems({ max_worker_processes: '262143' }), /PostgreSQL can have 262143/);
});

test('what Patroni would not take over is refused', () => {
  assert.match(
    problems({ wal_level: 'minimal', max_wal_senders: '3' }),
    /wal_level is minimal, which leaves neither/,
  );
  assert.is(
    problems({ max_wal_senders: '2' }),
    'spec.database.parameters.max_wal_senders is 2: write at least 3, which a database with replicas needs',
  );
  assert.match(problems({ wal_keep_size: '1MB' }), /write at least 16/);
  assert.is(problems({ max_locks_per_transaction: '32', wal_keep_size: '16MB' }), '');
});

test('what only a server can know is left to the server', () => {
  for (const [name, value] of Object.entries({ foo: '1', 'timescaledb.max_workers': 'x', lc_messages: 'xx' }))
    assert.is(problems({ [name]: value }), '');
});

test.run();

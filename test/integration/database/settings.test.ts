import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { settingsFile } from '../../../charts/database.ts';
import { checkout } from '../../../local/checkout.ts';
import { parameterProblems } from '../../../operator/database/parameters.ts';
import { suite } from '../../harness/suite.ts';
import { resolved } from '../../unit/charts/environments.ts';
import { Containers, type DatabaseTools } from '../containers.ts';

const test = suite('Settings, tried on the real PostgreSQL');
const containers = new Containers();
let tools: DatabaseTools;

test.before(async () => {
  tools = await containers.startDatabaseTools();
});
test.after(() => containers.stop());

const environment = (parameters: Record<string, string>) =>
  resolved({ tier: 'development', database: { parameters, resources: { memory: '512Mi' } } });

async function tried(parameters: Record<string, string>): Promise<{ exitCode: number; output: string }> {
  return tools.run(['check-settings.sh'], { SETTINGS: settingsFile(environment(parameters).spec.database) });
}

test('the catalogue is what the server says of itself', async () => {
  const query = `select json_object_agg(lower(name), json_strip_nulls(json_build_object('type', vartype, 'context', context,
    'unit', unit, 'min', min_val::float, 'max', max_val::float, 'values', enumvals)) order by lower(name))
    from pg_settings where name not like '%.%'`;
  const { output } = await tools.ask(query);
  const catalogue = readFileSync(join(checkout, 'operator/database/postgresql-15.json'), 'utf8');
  assert.equal(JSON.parse(output), JSON.parse(catalogue));
});

const TAKEN: Record<string, string>[] = [
  { work_mem: '32MB', max_connections: '150' },
  { work_mem: '1.5MB', statement_timeout: '5 min', checkpoint_timeout: '0.5min' },
  { max_wal_size: '32MB', min_wal_size: '32MB' },
  // The order of the two does not matter to the server.
  { max_wal_size: '1GB', min_wal_size: '2GB' },
  { wal_level: 'Archive', wal_compression: 'yes', backslash_quote: 'true', log_min_messages: 'debug' },
  { jit: 'of', track_commit_timestamp: 'Tru', log_statement: 'ALL' },
  { max_locks_per_transaction: '0x100', random_page_cost: '.5', max_parallel_workers: '4.5' },
  { maintenance_work_mem: '1e2MB', wal_buffers: '-1', huge_pages: 'try' },
];

test('what the operator takes, the server starts with', async () => {
  for (const parameters of TAKEN) {
    const at = JSON.stringify(parameters);
    assert.equal(parameterProblems(environment(parameters)), [], at);
    assert.equal(await tried(parameters), { exitCode: 0, output: 'PostgreSQL starts and answers.' }, at);
  }
});

const REFUSED: Record<string, string>[] = [
  { work_mem: '32mb' },
  { work_mem: '1' },
  { work_mem: '' },
  { work_mem: '-1' },
  { shared_buffers: '100kB' },
  { jit: 'onn' },
  { block_size: '16384' },
  { max_wal_size: '31MB' },
  { min_wal_size: '16MB' },
  { huge_pages: 'on' },
  { ssl: 'on' },
  { bonjour: 'on' },
  { superuser_reserved_connections: '200' },
  { max_worker_processes: '262143' },
  { checkpoint_timeout: '1h30min' },
  { checkpoint_timeout: '29s' },
  { vacuum_cost_limit: '10kB' },
  { wal_compression: 'y' },
  { default_transaction_isolation: 'serial' },
];

test('what the operator refuses, the server does not start with', async () => {
  for (const parameters of REFUSED) {
    const at = JSON.stringify(parameters);
    assert.is(parameterProblems(environment(parameters)).length, 1, at);
    const { exitCode, output } = await tried(parameters);
    assert.is(exitCode, 1, `${at}: ${output}`);
  }
});

const TRIED: [parameters: Record<string, string>, said: string][] = [
  [{ foo: '1' }, 'PostgreSQL does not start: unrecognized configuration parameter "foo"'],
  [{ lc_messages: 'xx' }, 'PostgreSQL does not start: invalid value for parameter "lc_messages": "xx"'],
  [{ timezone: 'Mars' }, 'PostgreSQL does not start: invalid value for parameter "TimeZone": "Mars"'],
  [
    { statement_timeout: '1ms' },
    'PostgreSQL starts, but does not answer: canceling statement due to statement timeout',
  ],
];

test('what only the server can know, the trial says in its words and with the name of the parameter', async () => {
  for (const [parameters, said] of TRIED) {
    assert.equal(parameterProblems(environment(parameters)), []);
    const { exitCode, output } = await tried(parameters);
    assert.is(exitCode, 1);
    assert.ok(output.startsWith(said), output);
  }
});

test.run();

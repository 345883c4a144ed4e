import * as assert from 'uvu/assert';
import { databaseSettings } from '../../../charts/database.ts';
import { renderComponents } from '../../../charts/render.ts';
import { suite } from '../../harness/suite.ts';
import { find, resolved } from './environments.ts';

const test = suite('settings');

test('8 GiB of memory give exactly the numbers of the guide', () => {
  assert.equal(databaseSettings('8Gi'), {
    max_connections: '200',
    shared_buffers: '2097152kB',
    effective_cache_size: '6291456kB',
    work_mem: '16384kB',
    maintenance_work_mem: '524288kB',
    random_page_cost: '1.1',
  });
});

test('the smallest database still gets settings that PostgreSQL takes', () => {
  const { work_mem, shared_buffers } = databaseSettings('32Mi');
  assert.is(work_mem, '1024kB');
  assert.is(shared_buffers, '16384kB');
});

test('another amount of memory changes the settings of the database, and nothing of others', () => {
  const before = renderComponents(resolved());
  const after = renderComponents(resolved({ database: { resources: { memory: '1Gi' } } }));
  const hashOf = ({ database }: typeof before) =>
    (find(database, 'ConfigMap', 'shop-database').data as { hash: string }).hash;
  assert.is.not(hashOf(after), hashOf(before));
  for (const component of ['pooler', 'cache'] as const) assert.equal(after[component], before[component]);
});

test('PgBouncer has the numbers of the guide and SCRAM', () => {
  const { pooler } = renderComponents(resolved({ tier: 'production' }));
  const { 'pgbouncer.ini': ini } = find(pooler, 'ConfigMap', 'shop-pooler').data as Record<string, string>;
  for (const line of [
    'cryptosense = host=shop-database port=5432 dbname=cryptosense',
    'pool_mode = transaction',
    'max_client_conn = 1000',
    'default_pool_size = 25',
    'reserve_pool_size = 5',
    'auth_type = scram-sha-256',
    'listen_port = 6432',
  ])
    assert.ok(ini?.split('\n').includes(line), line);
});

test("PgBouncer's numbers are those of the environment", () => {
  const numbers = { maxClientConnections: 2000, poolSize: 30, reservePoolSize: 7 };
  const { pooler } = renderComponents(resolved({ pooler: numbers }));
  const { 'pgbouncer.ini': ini } = find(pooler, 'ConfigMap', 'shop-pooler').data as Record<string, string>;
  for (const line of ['max_client_conn = 2000', 'default_pool_size = 30', 'reserve_pool_size = 7'])
    assert.ok(ini?.split('\n').includes(line), line);
});

test('PgBouncer leads to the replicas only where it is asked to', () => {
  const ini = (replicaPoolSize?: number) => {
    const { pooler } = renderComponents(
      resolved({ tier: 'production', pooler: replicaPoolSize === undefined ? {} : { replicaPoolSize } }),
    );
    return (find(pooler, 'ConfigMap', 'shop-pooler').data as Record<string, string>)['pgbouncer.ini'] ?? '';
  };
  assert.not.match(ini(), /_ro|replicas/);
  assert.match(
    ini(10),
    /^cryptosense_ro = host=shop-database-replicas port=5432 dbname=cryptosense pool_size=10 .*transaction read only'$/m,
  );
  // Everything else is as without.
  assert.is(ini(10).replace(/^cryptosense_ro.*\n/m, ''), ini());
});

test('PgBouncer asks a database that restarts every second, not every 15', () => {
  const { pooler } = renderComponents(resolved());
  const { 'pgbouncer.ini': ini } = find(pooler, 'ConfigMap', 'shop-pooler').data as Record<string, string>;
  assert.match(ini ?? '', /^server_login_retry = 0[.]2$/m);
});

test('the development database is not named like that of production', () => {
  const { database } = renderComponents(resolved({ tier: 'development' }));
  assert.match(JSON.stringify(database), '"name":"POSTGRES_DB","value":"cryptosense_dev"');
});

test.run();

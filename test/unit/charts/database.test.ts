import * as assert from 'uvu/assert';
import { renderComponents } from '../../../charts/render.ts';
import { RULES } from '../../../charts/rights.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { suite } from '../../harness/suite.ts';
import { find, resolved } from './environments.ts';

const test = suite('the database');

const of = (database: EnvironmentSpec['database']) =>
  renderComponents(resolved({ tier: 'local', database })).database;
const filesOf = (database: EnvironmentSpec['database']) =>
  find(of(database), 'ConfigMap', 'shop-database').data as Record<string, string>;
const clusterOf = (database: EnvironmentSpec['database']) =>
  JSON.parse(filesOf(database)['dynamic.json'] ?? '');

interface Rule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

test('clients are led by Patroni alone: their Service and those of its memory have no selector', () => {
  for (const name of [
    'shop-database',
    'shop-database-config',
    'shop-database-sync',
    'shop-database-failover',
  ])
    assert.is((find(of({}), 'Service', name).spec as { selector?: object }).selector, undefined, name);
});

test('three members are strict, one is not asked of replicas, and all go on without the API server', () => {
  const strict = clusterOf({ members: 3 });
  assert.equal(
    [strict.synchronous_mode, strict.synchronous_mode_strict, strict.failsafe_mode],
    [true, true, true],
  );
  const available = clusterOf({ members: 3, durability: 'available' });
  assert.equal([available.synchronous_mode, available.synchronous_mode_strict], [true, false]);
  const alone = clusterOf({ members: 1 });
  assert.equal(
    [alone.synchronous_mode, alone.synchronous_mode_strict, alone.failsafe_mode],
    [false, false, true],
  );
});

test('what members have to agree on is in the configuration of the cluster, in numbers that Patroni takes', () => {
  const { parameters } = clusterOf({
    parameters: { max_connections: '0x100', max_wal_senders: '4.6' },
  }).postgresql;
  assert.is(parameters.max_connections, '256');
  assert.is(parameters.max_wal_senders, '5');
});

test('the hash of the settings changes with each of them, and with no name', () => {
  const hash = (database: EnvironmentSpec['database']) => filesOf(database).hash;
  const hashes = [
    {},
    { members: 3 },
    { members: 3, durability: 'available' as const },
    { parameters: { work_mem: '3MB' } },
  ];
  assert.is(new Set(hashes.map(hash)).size, hashes.length);
  const other = renderComponents(resolved({ tier: 'local' }, 'other')).database;
  assert.is((find(other, 'ConfigMap', 'other-database').data as { hash: string }).hash, hash({}));
});

test('settings are in no template: a changed one makes no new pod', () => {
  const template = (database: EnvironmentSpec['database']) =>
    (find(of(database), 'StatefulSet', 'shop-database').spec as { template: unknown }).template;
  assert.equal(template({ parameters: { work_mem: '3MB' } }), template({}));
});

test('members may write what is theirs by name, and nothing that the operator may not', () => {
  const { rules } = find(of({ members: 3 }), 'Role', 'shop-database') as unknown as { rules: Rule[] };
  for (const { resources, resourceNames, verbs } of rules) {
    const writes = verbs.filter((verb) => !['get', 'list', 'watch', 'create'].includes(verb));
    assert.ok(
      writes.length === 0 || resourceNames?.every((name) => name.startsWith('shop-database')),
      String(verbs),
    );
    for (const verb of verbs) {
      const isHeld = RULES.some(
        (rule) =>
          rule.resources?.includes(resources[0] ?? '') && !rule.resourceNames && rule.verbs.includes(verb),
      );
      assert.ok(isHeld, `the operator cannot give ${verb} ${resources}`);
    }
  }
});

test.run();

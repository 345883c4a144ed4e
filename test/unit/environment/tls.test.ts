import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { type Manifest, names, releaseInputs, resolveEnvironment } from '../../../operator/api/resolved.ts';
import type { EnvironmentStatus } from '../../../operator/api/status.ts';
import { chooseForms, type FormRecord } from '../../../operator/environment/forms.ts';
import { renderedOf } from '../../../operator/environment/rendering.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('TLS of databases from before there was TLS');

type Known = EnvironmentStatus['database'];
/** What the status says when it is older than TLS, and after the members have got their new form. */
const BEFORE: Known = { members: [] };
const SERVED: Known = { members: [], tls: true };
const OLD = '0000000000000000';

function resolvedWith(database: Known, pooler: EnvironmentSpec['pooler'] = {}) {
  const spec: EnvironmentSpec = { tier: 'production', release: { image: 'api:1' }, pooler };
  const status = database ? { status: { database } } : {};
  return resolveEnvironment({ metadata: { name: 'shop', namespace: 'market' }, spec, ...status });
}

/** What is written of an environment, and what is kept of it. */
function formsOf(environment: ReturnType<typeof resolvedWith>, kept?: FormRecord) {
  const { components } = renderedOf(environment, releaseInputs(environment), []);
  return chooseForms(environment, components, kept, { renew: false });
}

/** As an earlier version of the operator has left it: each form has another hash than this version would give it. */
function keptFromBefore(): FormRecord {
  const { record } = formsOf(resolvedWith(BEFORE));
  if (!record) throw new Error('nothing is kept');
  const forms = Object.entries(record.forms).map(([name, form]) => [name, { ...form, hash: OLD }]);
  return { number: 1, forms: Object.fromEntries(forms) };
}

function textOf(manifests: readonly Manifest[], name: string): string {
  const of = manifests.filter(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name);
  assert.is(of.length, 1);
  return JSON.stringify(of[0]?.data);
}
const { pooler, database } = names('shop');

test('an upgrade of the operator changes neither PgBouncer nor the database', () => {
  const { outdated, record } = formsOf(resolvedWith(BEFORE), keptFromBefore());
  assert.ok(outdated.includes('database') && outdated.includes('pooler'), outdated.join());
  assert.is(record, undefined);
});

test('PgBouncer in a new form does not verify a database that serves no TLS yet', () => {
  const asked = resolvedWith(BEFORE, { poolSize: 30 });
  const { manifests, outdated } = formsOf(asked, keptFromBefore());
  assert.not.ok(outdated.includes('pooler'));
  assert.match(textOf(manifests, pooler), /default_pool_size = 30/);
  assert.not.match(textOf(manifests, pooler), /server_tls/);
});

test('when every member serves TLS, PgBouncer verifies it and members let nobody else in, at once', () => {
  const { manifests, outdated } = formsOf(resolvedWith(SERVED), keptFromBefore());
  assert.not.ok(outdated.includes('database') || outdated.includes('pooler'));
  assert.match(textOf(manifests, pooler), /server_tls_sslmode = verify-full/);
  assert.match(textOf(manifests, database), /"tls":"required"/);
});

test('an environment that is made now has all of it from the beginning, and keeps it', () => {
  const { manifests, record } = formsOf(resolvedWith(undefined));
  assert.match(textOf(manifests, pooler), /server_tls_sslmode = verify-full/);
  assert.match(textOf(manifests, database), /"tls":"required"/);
  assert.is(formsOf(resolvedWith(SERVED), record).record, undefined);
});

test.run();

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Migration, MigrationError, readMigrations } from '../../../app/migrations/files.ts';
import { repeatable } from '../../../app/migrations/repeatable.ts';
import { lastWords } from '../../../app/migrations/result.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('migration files');

/** Reads a folder with these files; returns the message when they are refused. */
function read(files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-migrations-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return readMigrations(folder);
  } catch (error) {
    if (error instanceof MigrationError) return error.message;
    throw error;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('the project’s own migrations are in order', () => {
  const names = readMigrations(join(import.meta.dirname, '../../../app/migrations')).map(({ name }) => name);
  assert.equal(names.slice(0, 2), ['users-and-portfolios', 'price-history']);
});

test('a reversible migration has its way back, an irreversible one its reason', () => {
  const [first, second] = read({
    '0001-a.sql': '-- reversible\nselect 1',
    '0001-a.down.sql': 'select 2',
    '0002-b.sql': '-- irreversible: drops a column\nselect 3',
  });
  assert.equal(
    [first, second].map((m) => typeof m === 'object' && m.down),
    ['select 2', undefined],
  );
});

test('a file that is not marked, or marked wrongly, is refused with a sentence', () => {
  assert.match(String(read({ '0001-a.sql': 'select 1' })), '0001-a.sql has to begin with a line');
  assert.match(String(read({ '0001-a.sql': '-- irreversible\nselect 1' })), 'has to begin with a line');
  assert.match(String(read({ '0001-a.sql': '-- reversible\n' })), '0001-a.down.sql is missing');
  assert.match(
    String(read({ '0001-a.sql': '-- irreversible: because\n', '0001-a.down.sql': '' })),
    '0001-a.down.sql is there',
  );
});

test('a file is expand unless its first line says contract, and runs in a transaction unless it says otherwise', () => {
  const found = read({
    '0001-a.sql': '-- irreversible: x\nselect 1',
    '0002-b.sql': '-- contract, irreversible: drops a column\nselect 1',
    '0003-c.sql': '-- no transaction, irreversible: x\nvacuum analyze;',
    '0004-d.sql': '-- contract, no transaction, reversible\ndrop index concurrently if exists a;',
    '0004-d.down.sql': 'create index concurrently if not exists a on b (c)',
  });
  assert.equal(
    (found as Migration[]).map(({ kind, alone = false }) => [kind, alone]),
    [
      ['expand', false],
      ['contract', false],
      ['expand', true],
      ['contract', true],
    ],
  );
});

test('a file without a transaction holds one statement that can be repeated, and says which when it does not', () => {
  const refusal = (sql: string) =>
    String(read({ '0001-a.sql': `-- no transaction, irreversible: x\n${sql}` }));
  assert.match(refusal('create index concurrently a on b (c)'), 'its statement cannot be repeated');
  assert.match(refusal('update a set b = b + 1'), 'its statement cannot be repeated');
  assert.match(refusal('vacuum a; vacuum b'), 'holds 2 statements');
  assert.match(refusal(''), 'holds 0 statements');
  assert.match(
    String(
      read({ '0001-a.sql': '-- no transaction, reversible\nvacuum', '0001-a.down.sql': 'drop table a' }),
    ),
    'its statement cannot be repeated',
  );
});

test('semicolons in comments, quotes and bodies of functions end no statement', () => {
  const one = `-- a; comment
/* another; */ create index concurrently if not exists "a;b" on t ((c || ';' || $x$ ';' $x$ || E'it''s;')) ;  -- end;
`;
  assert.equal(repeatable(one).problem, undefined);
  assert.is((repeatable(one) as { index?: string }).index, 'a;b');
});

test('a name that the list would pass over is refused', () => {
  assert.match(
    String(read({ '0001_a.sql': '-- irreversible: x' })),
    '0001_a.sql has to be named NNNN-name.sql',
  );
});

test('the last words of a run fit into what Kubernetes keeps, and name the newest of long lists', () => {
  const many = Array.from({ length: 300 }, (_, i) => `${String(i + 1).padStart(4, '0')}-${'x'.repeat(50)}`);
  const text = lastWords({
    fresh: true,
    newest: 300,
    pending: { expand: many, contract: many },
    applied: many,
    irreversible: many,
    error: 'ä'.repeat(5000),
  });
  assert.ok(Buffer.byteLength(text) <= 4096, `${Buffer.byteLength(text)} bytes`);
  const said = JSON.parse(text) as { pending: { contract: string[] } };
  assert.is(said.pending.contract.at(-1), many.at(-1));
});

test('a number that is missing or used twice is refused', () => {
  const one = { '0001-a.sql': '-- irreversible: x\n' };
  assert.match(String(read({ ...one, '0003-c.sql': '-- irreversible: x\n' })), 'expected 2');
  assert.match(String(read({ ...one, '0001-b.sql': '-- irreversible: x\n' })), 'expected 2');
  assert.match(String(read({})), 'There are no migrations');
});

test.run();

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { MigrationError, readMigrations } from '../../../app/migrations/files.ts';
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

test('a number that is missing or used twice is refused', () => {
  const one = { '0001-a.sql': '-- irreversible: x\n' };
  assert.match(String(read({ ...one, '0003-c.sql': '-- irreversible: x\n' })), 'expected 2');
  assert.match(String(read({ ...one, '0001-b.sql': '-- irreversible: x\n' })), 'expected 2');
  assert.match(String(read({})), 'There are no migrations');
});

test.run();

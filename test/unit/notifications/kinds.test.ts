import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { isClassified } from '../../../operator/notifications/kinds.ts';
import { suite } from '../../harness/suite.ts';
import { root } from '../docs/pages.ts';

const test = suite('kinds of messages');

/** Every word in CamelCase that is given to `note(...)` as its reason. */
function reasonsOf(source: string): string[] {
  const calls = [...source.matchAll(/(?<!function )\bnote\(/g)].map(({ index }) =>
    argumentsOf(source, index + 5),
  );
  return calls.flatMap(([, , reason = '']) => wordsOf(`${reason} ${tableOf(source, reason)}`));
}

function wordsOf(text: string): string[] {
  return [...text.matchAll(/'([A-Z]\w+)'/g)].map(([, word = '']) => word);
}

/** Where a reason is looked up in a table of the same file: the table. */
function tableOf(source: string, reason: string): string {
  const name = /([A-Z_]{3,})\[/.exec(reason)?.[1];
  return name === undefined ? '' : (new RegExp(`const ${name}\\b[^]*?\\n};`).exec(source)?.[0] ?? '');
}

/** The arguments of a call, as they are written; `from` is behind its bracket. */
function argumentsOf(source: string, from: number): string[] {
  const found = [''];
  let depth = 0;
  for (const character of source.slice(from)) {
    if (depth === 0 && character === ')') break;
    if ('([{'.includes(character)) depth += 1;
    if (')]}'.includes(character)) depth -= 1;
    if (depth === 0 && character === ',') found.push('');
    else found[found.length - 1] += character;
  }
  return found;
}

const sources = globSync('operator/rollout/**/*.ts', { cwd: root }).map((path) =>
  readFileSync(join(root, path), 'utf8'),
);

test('whatever a rollout says of itself has a kind, so that no receiver misses it', () => {
  const reasons = [...new Set(sources.flatMap(reasonsOf))];
  assert.ok(reasons.includes('Promoted') && reasons.length >= 8, reasons.join(', '));
  const without = reasons.filter((reason) => !isClassified(reason));
  assert.equal(without, [], 'give these reasons a kind in operator/notifications/kinds.ts');
});

test.run();

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { eventually, get, World } from './world.ts';

const test = suite('recording and replay');
const world = new World();
test.before(() => world.start());
test.after(() => world.stop());

/** As the database shows an amount. */
const trimmed = (price: string) => price.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');

test('what is recorded from one feed is replayed by another server, price by price', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-recording-'));
  const file = join(folder, 'prices.ndjson');
  const entry = new URL('../../../app/main.ts', import.meta.url).pathname;
  const run = (path: string) =>
    spawn(process.execPath, [entry, 'record', path], {
      env: { NODE_ENV: 'development', FEED: 'simulator', FEED_INTERVAL_MS: '100', FEED_SEED: '7' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  const recorder = run(file);
  try {
    const lines = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length : 0);
    await eventually(
      20_000,
      async () => lines(),
      (found) => found > 40,
    );
    recorder.kill('SIGTERM');
    const [code] = await once(recorder, 'exit');
    assert.is(code, 0);
    const prices = new Set(
      readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { symbol: string; price: string })
        .filter(({ symbol }) => symbol === 'BTC')
        .map(({ price }) => trimmed(price)),
    );
    const { url } = await world.serve({ FEED: 'replay', FEED_FILE: file, FEED_INTERVAL_MS: '100' });
    const rows = () => world.parts.sql<{ price: string }[]>`
      select distinct trim_scale(price)::text as price from price_history where symbol = 'BTC'`;
    const found = await eventually(20_000, rows, (each) => each.length === prices.size);
    assert.equal(found.map(({ price }) => price).sort(), [...prices].sort());
    assert.is(((await get(`${url}/health/detailed`)).body.services as { replay: string }).replay, 'ok');

    // A file that is there is not touched.
    const before = readFileSync(file, 'utf8');
    const second = run(file);
    const [words, [refused]] = await Promise.all([text(second.stderr), once(second, 'exit')]);
    assert.is(refused, 1);
    assert.match(
      words,
      /prices\.ndjson: found a file that is there already, expected the name of a new file/,
    );
    assert.is(readFileSync(file, 'utf8'), before);
  } finally {
    recorder.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});

test.run();

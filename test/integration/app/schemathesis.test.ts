import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { installSchemathesis } from './schemathesis/tool.ts';
import { serveThings } from './things-api.ts';
import { World } from './world.ts';

const test = suite('schemathesis');
const world = new World();
/** What the tool may take for itself; then it ends with what it has seen. */
const BUDGET_SECONDS = 60;
const LONGEST_SECONDS = 200;
let packages: string;

test.before(async () => {
  const say = (line: string) => console.log(`note: ${line}`);
  [packages] = await Promise.all([installSchemathesis(say), world.start()]);
});
test.after(() => world.stop());

interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the tool over a document against a server. Its cases follow from the seed: what fails once fails again. */
async function run(document: unknown, url: string, options: readonly string[] = []): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-schemathesis-'));
  try {
    const file = join(folder, 'openapi.json');
    writeFileSync(file, JSON.stringify(document));
    const program = 'from schemathesis.cli import schemathesis; schemathesis()';
    const config = join(import.meta.dirname, 'schemathesis', 'schemathesis.toml');
    const limits = [
      '--seed',
      '1',
      // A list of holdings without doubles, each a known symbol: few of those that the tool makes up are left.
      '--suppress-health-check=filter_too_much',
      '--max-examples',
      '10',
      '--request-timeout',
      '10',
      '--max-time',
      `${BUDGET_SECONDS}`,
    ];
    const child = spawn(
      'python3',
      [
        '-c',
        program,
        '--config-file',
        config,
        'run',
        file,
        '--url',
        `${url}/api/v1`,
        '--no-color',
        ...limits,
        ...options,
      ],
      {
        cwd: folder,
        env: {
          PATH: process.env.PATH,
          HOME: folder,
          TERM: 'dumb',
          PYTHONPATH: packages,
          PYTHONDONTWRITEBYTECODE: '1',
          COLUMNS: '110',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: LONGEST_SECONDS * 1_000,
      },
    );
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { code: child.exitCode, output: `${output}\n${errors}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The document without what never ends. */
async function documentOf(url: string): Promise<{ paths: Record<string, unknown> }> {
  const document = (await (await fetch(`${url}/api/openapi.json`)).json()) as {
    paths: Record<string, unknown>;
  };
  delete document.paths['/prices/stream'];
  return document;
}

test('no answer of the API is a 500 or other than its document says', async () => {
  await world.parts.sql`
    insert into price_history (symbol, timestamp, price, volume)
    select symbol, now() - n * interval '1 minute', 100 + n, 5
    from unnest(array['BTC', 'ETH', 'DOGE']) as symbol, generate_series(1, 300) as n`;
  const { url } = await world.serve();
  const { code, output } = await run(await documentOf(url), url, ['--phases', 'examples,coverage,fuzzing']);
  assert.is(code, 0, output);
  const cases = Number(/(\d+) generated/.exec(output)?.[1]);
  assert.ok(cases > 50, `only ${cases} cases were tried:\n${output}`);
  console.log(`note: ${cases} requests of schemathesis`);
});

test('an answer that is not as documented is found', async () => {
  const { url, stop } = await serveThings(world);
  try {
    const document = await documentOf(url);
    document.paths = { '/things/undocumented': document.paths['/things/undocumented'] };
    const { code, output } = await run(document, url, ['--phases', 'coverage', '--max-failures', '1']);
    assert.is(code, 1, output);
    assert.match(output, 'Server error');
  } finally {
    await stop();
  }
});

test.run();

// npm test: unit, integration and e2e tests, one child process a file; see CONTRIBUTING.md.
import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type Preparation, prepareE2e, prepareIntegration, prepareUnit } from './harness/prepare.ts';
import type { FileResult } from './harness/run-file.ts';

const root = join(import.meta.dirname, '..');
interface PartOfTests {
  prepare: () => Promise<Preparation>;
  minutesPerFile: number;
  /** Files that run at the same time. */
  parallel: number;
  /** Those that run when all others are done, one by one: they measure times, in which another file would show. */
  alone?: RegExp;
}

const PARTS = {
  unit: { prepare: prepareUnit, minutesPerFile: 3, parallel: 2 },
  integration: {
    prepare: prepareIntegration,
    minutesPerFile: 8,
    parallel: 2,
    alone: /\/(app\/hot-path|cache\/failover|dashboard\/scale|database\/\w+|kube\/fairness)\.test\.ts$/,
  },
  e2e: { prepare: prepareE2e, minutesPerFile: 15, parallel: 1 },
  soak: { prepare: prepareE2e, minutesPerFile: 240, parallel: 1 },
} satisfies Record<string, PartOfTests>;
type Part = keyof typeof PARTS;
/** A soak takes hours: only who names it gets it. */
const EVERYDAY: Part[] = ['unit', 'integration', 'e2e'];

const total: FileResult = { passed: 0, failed: 0, skipped: 0, filtered: 0 };
/** What failed, with why: said again at the end, which is all that some logs keep. */
const failures: { name: string; why: string }[] = [];
const LINES_OF_A_FAILURE = 8;

async function runFile(part: Part, file: string, env: Record<string, string>): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'cryptosense-test-'));
  const resultFile = join(scratch, 'result.json');
  const started = Date.now();
  const filter = process.env.TEST_FILTER?.toLowerCase();
  // A filter that names the file asks for all of it.
  const whole = filter !== undefined && relative(root, file).toLowerCase().includes(filter);
  const child = spawn(process.execPath, [join(root, 'test/harness/run-file.ts'), file], {
    cwd: root,
    env: {
      ...process.env,
      ...env,
      TEST_RESULT: resultFile,
      ...(whole ? { TEST_FILTER: '' } : {}),
      FORCE_COLOR: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const minutes = PARTS[part].minutesPerFile;
  const deadline = setTimeout(() => {
    output += `\n${file}: not finished after ${minutes} minutes, ended\n`;
    child.kill('SIGKILL');
  }, minutes * 60_000);
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(deadline);

  const name = relative(root, file);
  let result: FileResult;
  try {
    result = JSON.parse(readFileSync(resultFile, 'utf8')) as FileResult;
  } catch {
    output += `\n${name}: ended without a result (exit code ${child.exitCode}, signal ${child.signalCode})\n`;
    result = { passed: 0, failed: 1, skipped: 0, filtered: 0 };
  }
  rmSync(scratch, { recursive: true, force: true });
  for (const key of ['passed', 'failed', 'skipped', 'filtered'] as const) total[key] += result[key];
  if (result.failed > 0) failures.push({ name, why: whyOf(output) });
  const ran = result.passed + result.failed + result.skipped;
  if (ran > 0 || result.failed > 0) {
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.log(
      `${result.failed > 0 ? 'FAIL' : 'ok  '} ${name}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped (${seconds} s)`,
    );
    if (result.failed > 0) console.log(output);
    else
      for (const line of output.split('\n').filter((l) => /^(skipped|note): /.test(l)))
        console.log(`     ${line}`);
  }
}

/** The beginning of each failed test's words; of a file that has none, its last words. */
function whyOf(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const starts = lines.flatMap((line, index) => (/^\s+FAIL /.test(line) ? [index] : []));
  const shown =
    starts.length > 0
      ? starts.flatMap((start) => lines.slice(start, start + LINES_OF_A_FAILURE))
      : lines.slice(-LINES_OF_A_FAILURE);
  return shown.map((line) => `    ${line.trim().slice(0, 400)}`).join('\n');
}

function filesOf(part: Part): string[] {
  return globSync(join(root, 'test', part, '**/*.test.ts')).sort();
}

/** A test whose name is computed. */
const COMPUTED_NAME = /^ *test(\.skip)?\(\s*[^'"\s]/m;

/**
 * Whether a test of this file may have the filter in its name: what a file cannot have is not worth a process. All words of
 * the filter are looked for, as it may begin in the name of the suite and end in that of a test.
 */
function isAskedFor(file: string, filter: string): boolean {
  if (relative(root, file).toLowerCase().includes(filter)) return true;
  const text = readFileSync(file, 'utf8');
  const lower = text.toLowerCase();
  return COMPUTED_NAME.test(text) || filter.split(/\s+/).every((word) => lower.includes(word));
}

async function runPart(part: Part): Promise<void> {
  const files = filesOf(part).filter((file) =>
    isAskedFor(file, process.env.TEST_FILTER?.toLowerCase() ?? ''),
  );
  if (files.length === 0) return;
  const started = Date.now();
  console.log(`\n== ${part} (${files.length} files)`);
  const preparation = await PARTS[part].prepare();
  try {
    const { alone, parallel }: PartOfTests = PARTS[part];
    const work = async (queue: string[]) => {
      for (let file = queue.shift(); file; file = queue.shift()) await runFile(part, file, preparation.env);
    };
    const together = files.filter((file) => !alone?.test(file));
    await Promise.all(Array.from({ length: parallel }, () => work(together)));
    await work(files.filter((file) => alone?.test(file)));
  } finally {
    await preparation.cleanUp();
  }
  console.log(`== ${part} took ${Math.round((Date.now() - started) / 1000)} s`);
}

async function main(): Promise<void> {
  const [first, ...rest] = process.argv.slice(2);
  const named = first !== undefined && first in PARTS;
  const parts = named ? [first as Part] : EVERYDAY;
  const filter = (named ? rest : process.argv.slice(2)).join(' ');
  if (filter) process.env.TEST_FILTER = filter;

  for (const part of parts) {
    try {
      await runPart(part);
    } catch (error) {
      const why = `${part}: could not be run: ${error instanceof Error ? error.message : String(error)}`;
      console.error(why);
      failures.push({ name: part, why: `    ${why}` });
      total.failed += 1;
    }
  }
  if (total.passed + total.failed + total.skipped === 0) {
    console.error(filter ? `no test has "${filter}" in its name` : 'no test was found');
    total.failed += 1;
  }
  for (const { name, why } of failures) console.log(`\nFailed: ${name}\n${why}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

await main();

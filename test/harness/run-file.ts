// Runs one test file in this process and writes what happened to the file named by TEST_RESULT.
// uvu's own CLI exits 0 when a hook throws or when a suite was never run; see docs/adr for why it is wrapped.
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

export interface FileResult {
  passed: number;
  failed: number;
  skipped: number;
  filtered: number;
}

type Runner = () => Promise<[errors: string | true, passed: number, skipped: number, total: number]>;

const [, , file] = process.argv;
const resultFile = process.env.TEST_RESULT;
if (!file || !resultFile) throw new Error('usage: TEST_RESULT=<file> run-file.ts <test file>');

const queue: Runner[] = [];
Object.assign(globalThis, { UVU_DEFER: true, UVU_QUEUE: [queue], UVU_INDEX: 0 });
const { report } = await import('./suite.ts');
await import(pathToFileURL(file).href);

const result: FileResult = { passed: 0, failed: 0, skipped: 0, filtered: report.filtered };
if (report.suites === 0) {
  console.error(`${file}: no suite was run: end the file with "test.run()"`);
  result.failed += 1;
}
for (const run of queue) {
  const [errors, passed, skipped, total] = await run();
  if (errors !== true) console.error(errors);
  result.passed += passed;
  result.skipped += skipped;
  result.failed += total - passed;
}
for (const error of report.hookErrors) console.error(error);
// A failing `after` hook leaves every test counted as passed; it is a failure all the same.
if (report.hookErrors.length > 0 && result.failed === 0) result.failed += 1;
writeFileSync(resultFile, JSON.stringify(result));
// Handles that a test left open must not keep the run alive; the result is already written.
process.exit(result.failed > 0 ? 1 : 0);

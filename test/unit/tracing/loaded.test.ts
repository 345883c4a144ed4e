import { join } from 'node:path';
import { build } from 'esbuild';
import * as assert from 'uvu/assert';
import { checkout } from '../../../local/checkout.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('what traces cost who wants none');

/** The modules that run when this program starts, and those that it can load besides. */
async function modulesOf(entry: string): Promise<{ atStart: string[]; all: string[] }> {
  const { metafile } = await build({
    entryPoints: [join(checkout, entry)],
    absWorkingDir: checkout,
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
    outdir: checkout,
  });
  const seen = new Set<string>();
  const visit = (module: string) => {
    if (seen.has(module)) return;
    seen.add(module);
    for (const { path, kind } of metafile.inputs[module]?.imports ?? [])
      if (kind !== 'dynamic-import') visit(path);
  };
  visit(entry);
  return { atStart: [...seen], all: Object.keys(metafile.inputs) };
}

/** SDK and exporter. The API, a handful of small interfaces, comes with prom-client. */
const ofTracing = (modules: string[]) =>
  modules.filter((path) => path.includes('@opentelemetry/') && !path.includes('@opentelemetry/api/'));

for (const program of ['operator', 'app', 'backup']) {
  test(`${program} loads neither SDK nor exporter unless it is told to`, async () => {
    const { atStart, all } = await modulesOf(`${program}/main.ts`);
    assert.equal(ofTracing(atStart), []);
    assert.ok(atStart.length > 5);
    assert.is(ofTracing(all).length > 0, program !== 'backup');
  });
}

test.run();

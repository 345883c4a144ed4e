// npm run bench [-- <name>]: measures a part of the project; without a name, says what can be measured. Figures go to
// standard output, one JSON object a line; what is being done goes to standard error. See docs/benchmarks.md.

import { benchAnalysis } from './analysis/bench.ts';
import { benchApi } from './api/bench.ts';
import { benchData } from './data/bench.ts';
import type { Figure } from './figure.ts';
import { benchOperator } from './operator/bench.ts';
import { benchRollout } from './rollout/bench.ts';

interface Bench {
  question: string;
  /** Left out while the benchmark is not written. */
  measure?: () => Promise<Figure[]>;
}

const BENCHES: Record<string, Bench> = {
  analysis: {
    question: 'how often a good release is rolled back and a bad one is not, beside a plain threshold',
    measure: benchAnalysis,
  },
  operator: {
    question: 'how many environments one operator keeps, at what cost in memory and requests',
    measure: benchOperator,
  },
  rollout: {
    question: 'how long releases take and what they cost the API server, beside Argo Rollouts',
    measure: benchRollout,
  },
  api: {
    question: 'requests a second, latency, streams and memory of one API process on one core',
    measure: benchApi,
  },
  data: {
    question:
      'how fast a database is backed up and restored, how long a failover takes, what PgBouncer costs a query',
    measure: benchData,
  },
};

async function main(): Promise<void> {
  const name = process.argv[2];
  if (name === undefined) {
    for (const [bench, { question, measure }] of Object.entries(BENCHES))
      console.log(`${bench.padEnd(10)} ${measure ? '' : 'not measured yet: '}${question}`);
    return;
  }
  const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
  if (bench?.measure === undefined) {
    const names = Object.keys(BENCHES).join(', ');
    console.error(
      bench
        ? `The benchmark "${name}" is not written yet, so nothing was measured.`
        : `There is no benchmark "${name}": say one of ${names}.`,
    );
    process.exitCode = 1;
    return;
  }
  for (const figure of await bench.measure()) console.log(JSON.stringify(figure));
}

await main();

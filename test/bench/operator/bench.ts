import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { type Figure, figure } from '../figure.ts';
import { wholeNumber } from '../settings.ts';
import { ours, PEER_NAME, peer } from './contenders.ts';
import { measure } from './measure.ts';

/** The unit of a metric is the last part of its name that is one. */
const UNITS: [RegExp, string][] = [
  [/_ms$/, 'ms'],
  [/_seconds$/, 's'],
  [/_mib$/, 'MiB'],
  [/_kib_per_environment$/, 'KiB'],
  [/_percent$/, '% of one core'],
  [/writes/, 'requests'],
  [/^requests/, 'requests'],
];

const SPEC: EnvironmentSpec = {
  tier: 'local',
  release: { image: 'cryptosense-api:1.0.0' },
};

/** Ours and the peer, one after the other, each on a fresh simulated cluster. What it says goes to standard error. */
export async function benchOperator(): Promise<Figure[]> {
  const conditions = {
    environments: wholeNumber('BENCH_ENVIRONMENTS', 1000),
    idleSeconds: wholeNumber('BENCH_IDLE_SECONDS', 600),
    spec: SPEC,
    report: (line: string) => process.stderr.write(`${new Date().toTimeString().slice(0, 8)} ${line}\n`),
  };
  // For work on one of them; the other's figures are null.
  const only = process.env.BENCH_ONLY;
  const mine = only === 'peer' ? undefined : await measure(await ours(), conditions);
  const theirs = only === 'ours' ? undefined : await measure(await peer(SPEC, conditions.report), conditions);
  return Object.keys(mine ?? theirs ?? {}).map((metric) => {
    const unit = UNITS.find(([pattern]) => pattern.test(metric))?.[1] ?? '';
    return figure('operator', metric, unit, {
      ours: mine?.[metric],
      peer: theirs?.[metric],
      peerName: PEER_NAME,
    });
  });
}

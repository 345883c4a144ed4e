import { type Figure, figure } from '../figure.ts';
import { wholeNumber } from '../settings.ts';
import { ours, PEER_NAME, peer } from './contenders.ts';
import { measure } from './measure.ts';

/** The unit of a metric is the last part of its name that is one. */
const UNITS: [RegExp, string][] = [
  [/^cpu_ms_/, 'ms'],
  [/_kib_per_rollout$/, 'KiB'],
  [/_ms$/, 'ms'],
  [/_seconds$/, 's'],
  [/_mib$/, 'MiB'],
  [/^writes/, 'requests'],
];

/** Ours and Argo Rollouts, in turns on one simulated cluster. What it says goes to standard error. */
export async function benchRollout(): Promise<Figure[]> {
  const report = (line: string) => process.stderr.write(`${new Date().toTimeString().slice(0, 8)} ${line}\n`);
  const rollouts = wholeNumber('BENCH_ROLLOUTS', 300);
  const conditions = { rollouts, singly: Math.min(50, Math.floor(rollouts / 4)), report };
  // For work on one of them; the other's figures are null, and the machine has less to do than in turns.
  const only = process.env.BENCH_ONLY;
  const contenders = [
    ...(only === 'peer' ? [] : [await ours()]),
    ...(only === 'ours' ? [] : [await peer(report)]),
  ];
  const measured = await measure(contenders, conditions);
  report('abort_to_last_answer_p99_ms is left out: it needs pods that answer, and a gateway');
  const [mine, theirs] = [measured.get('ours'), measured.get('peer')];
  return Object.keys(mine ?? theirs ?? {}).map((metric) => {
    const unit = UNITS.find(([pattern]) => pattern.test(metric))?.[1] ?? '';
    return figure('rollout', metric, unit, {
      ours: mine?.[metric],
      peer: theirs?.[metric],
      peerName: PEER_NAME,
    });
  });
}

import { type Figure, figure } from '../figure.ts';
import { seeded } from './binomial.ts';
import { SCENARIOS } from './scenarios.ts';
import { simulate } from './simulate.ts';

const RELEASES = 2_000;
const PEER = 'threshold of each look';

/** How often each judge is wrong, on the same simulated releases. `BENCH_RELEASES` says how many of each kind. */
export async function benchAnalysis(): Promise<Figure[]> {
  const releases = Number(process.env.BENCH_RELEASES || RELEASES);
  const figures = SCENARIOS.flatMap((scenario, i) => {
    const { comparison, thresholdOfAll, thresholdOfEachLook } = simulate(scenario, releases, seeded(i + 1));
    const wrong = (rolledBack: number) => 100 * (scenario.isGood ? rolledBack : 1 - rolledBack);
    const metric = scenario.isGood ? 'false_alarms_percent' : 'misses_percent';
    const name = (judge: string) => `${metric}{release="${scenario.name}",judge="${judge}"}`;
    const peer = wrong(thresholdOfEachLook.rolledBack);
    const looks = scenario.isGood
      ? []
      : [
          figure('analysis', `median_looks{release="${scenario.name}",judge="comparison"}`, 'looks', {
            ours: comparison.medianLooks,
            peer: thresholdOfEachLook.medianLooks,
            peerName: PEER,
          }),
        ];
    return [
      figure('analysis', name('comparison'), '%', {
        ours: wrong(comparison.rolledBack),
        peer,
        peerName: PEER,
      }),
      figure('analysis', name('fixed limit'), '%', {
        ours: wrong(thresholdOfAll.rolledBack),
        peer,
        peerName: PEER,
      }),
      ...looks,
    ];
  });
  return figures;
}

import { binomial, type Random } from './binomial.ts';
import { comparison, type Judge, thresholdOfAll, thresholdOfEachLook } from './judges.ts';
import { LOOKS, type Scenario, STABLE_PER_CANDIDATE } from './scenarios.ts';

export const JUDGES = { comparison, thresholdOfAll, thresholdOfEachLook } satisfies Record<
  string,
  () => Judge
>;
export type JudgeName = keyof typeof JUDGES;

export interface Score {
  /** Share of the releases that were rolled back: false alarms of good ones, detections of bad ones. */
  readonly rolledBack: number;
  /** Looks until then, of those that were: the median; undefined when there was none. */
  readonly medianLooks: number | undefined;
}

/** The same releases before each judge: what one sees, the others see. */
export function simulate(scenario: Scenario, releases: number, random: Random): Record<JudgeName, Score> {
  const ends = Object.fromEntries(Object.keys(JUDGES).map((name) => [name, [] as number[]])) as Record<
    JudgeName,
    number[]
  >;
  for (let i = 0; i < releases; i++) {
    const looks = Array.from({ length: LOOKS }, (_, look) => drawn(scenario, look, random));
    for (const [name, begin] of Object.entries(JUDGES) as [JudgeName, () => Judge][]) {
      const judge = begin();
      const end = looks.findIndex((look) => judge(look));
      if (end >= 0) ends[name].push(end + 1);
    }
  }
  const scored = Object.entries(ends).map(([name, looks]) => [name, scoreOf(looks, releases)]);
  return Object.fromEntries(scored) as Record<JudgeName, Score>;
}

function drawn({ candidate, stable, requests }: Scenario, look: number, random: Random) {
  const others = requests * STABLE_PER_CANDIDATE;
  return {
    candidate: { requests, bad: binomial(requests, candidate(look), random) },
    stable: { requests: others, bad: binomial(others, stable(look), random) },
  };
}

function scoreOf(looks: number[], releases: number): Score {
  const sorted = [...looks].sort((a, b) => a - b);
  return { rolledBack: looks.length / releases, medianLooks: sorted[Math.floor(sorted.length / 2)] };
}

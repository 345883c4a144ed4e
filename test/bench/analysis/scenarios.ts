/** A release as it is in truth, and the requests that come while it is judged. Shares are of all requests, by look. */
export interface Scenario {
  readonly name: string;
  readonly isGood: boolean;
  readonly candidate: (look: number) => number;
  readonly stable: (look: number) => number;
  /** Requests of the candidate between two looks; the stable release has nine times as many, as at 10 %. */
  readonly requests: number;
}

/** 15 minutes of looks every 15 s, as production's tier has it. */
export const LOOKS = 60;
export const STABLE_PER_CANDIDATE = 9;

const always = (share: number) => () => share;
const fromTheMiddle = (before: number, after: number) => (look: number) =>
  look < LOOKS / 2 ? before : after;
const inTheMiddle = (usual: number, share: number) => (look: number) =>
  look >= LOOKS / 3 && look < LOOKS / 2 ? share : usual;

export const SCENARIOS: readonly Scenario[] = [
  good('both answer 0.5 % with errors', always(0.005), always(0.005), 150),
  good('both answer 4.5 % with errors', always(0.045), always(0.045), 150),
  good('both answer 8 % with errors, all the time', always(0.08), always(0.08), 150),
  good(
    'both have 30 % of errors for two and a half minutes',
    inTheMiddle(0.005, 0.3),
    inTheMiddle(0.005, 0.3),
    150,
  ),
  good('one percentage point worse, which is tolerated', always(0.015), always(0.005), 150),
  good('both 0.5 %, a tenth of the requests', always(0.005), always(0.005), 15),
  bad('2.5 % of errors instead of 0.5 %', always(0.025), always(0.005), 150),
  bad('4 % of errors instead of 0.5 %', always(0.04), always(0.005), 150),
  bad('10 % of errors instead of 0.5 %', always(0.1), always(0.005), 150),
  bad('30 % of errors instead of 0.5 %', always(0.3), always(0.005), 150),
  bad('10 % of errors from the middle on', fromTheMiddle(0.005, 0.1), always(0.005), 150),
  bad('4 % of errors, a tenth of the requests', always(0.04), always(0.005), 15),
];

type Share = Scenario['candidate'];

function good(name: string, candidate: Share, stable: Share, requests: number): Scenario {
  return { name, isGood: true, candidate, stable, requests };
}

function bad(name: string, candidate: Share, stable: Share, requests: number): Scenario {
  return { name, isGood: false, candidate, stable, requests };
}

import { failureRate, promptRate, requestRate } from './requests.ts';
import { type Alert, BY_ENVIRONMENT, DAY, HOUR, MINUTE, type RuleGroup, type Scope } from './rule.ts';

/** What is promised, and the share of requests that may break it. */
interface Objective {
  readonly name: 'Availability' | 'Latency';
  readonly record: string;
  readonly budget: number;
  readonly promise: string;
  readonly runbook: string;
}

const AVAILABILITY: Objective = {
  name: 'Availability',
  record: 'cryptosense:requests_failed:ratio_rate',
  budget: 0.001,
  promise: '99.9 % of the requests are answered without a 5xx',
  runbook: 'errors',
};

const LATENCY: Objective = {
  name: 'Latency',
  record: 'cryptosense:requests_slow:ratio_rate',
  budget: 0.05,
  promise: '95 % of the requests are answered within a second',
  runbook: 'high-latency',
};

const WINDOWS = [5 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY, 3 * DAY];
const NAMES = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'];

/** The name of the recorded series does not change when time is scaled. */
const recorded = ({ record }: Objective, seconds: number) => `${record}${NAMES[WINDOWS.indexOf(seconds)]}`;

/** How fast the budget of 30 days is used up, seen over a long and a short time: the short one ends the alert soon. */
interface Burn {
  readonly factor: number;
  readonly long: number;
  readonly short: number;
}

// The SRE workbook's: 2 % of the budget in an hour, 5 % in six; 10 % in a day, all of it in thirty.
const FAST: readonly Burn[] = [
  { factor: 14.4, long: HOUR, short: 5 * MINUTE },
  { factor: 6, long: 6 * HOUR, short: 30 * MINUTE },
];
const SLOW: readonly Burn[] = [
  { factor: 3, long: DAY, short: 2 * HOUR },
  { factor: 1, long: 3 * DAY, short: 6 * HOUR },
];

/** Of ten requests at night one failure would be a fast burn: so many there have to be in the long window. */
const LEAST_REQUESTS = 100;

function ratio(scope: Scope, { name }: Objective, seconds: number): string {
  const all = `sum ${BY_ENVIRONMENT} (${requestRate(scope, seconds)})`;
  return name === 'Availability'
    ? `(sum ${BY_ENVIRONMENT} (${failureRate(scope, seconds)}) or 0 * ${all}) / ${all}`
    : `1 - sum ${BY_ENVIRONMENT} (${promptRate(scope, seconds)}) / ${all}`;
}

function burns(scope: Scope, objective: Objective, pairs: readonly Burn[]): string {
  return pairs
    .map(({ factor, long, short }) => {
      const limit = Number((factor * objective.budget).toFixed(6));
      const over = (seconds: number) => `${scope.of(recorded(objective, seconds))} > ${limit}`;
      const requests = `sum ${BY_ENVIRONMENT} (${requestRate(scope, long)}) * ${scope.seconds(long)}`;
      return `(${over(long)} and ${over(short)} and ${requests} > ${LEAST_REQUESTS})`;
    })
    .join(' or ');
}

function alerts(objective: Objective): Alert[] {
  const { name, promise, runbook } = objective;
  const where = '{{ $labels.namespace }}/{{ $labels.environment }}';
  return [
    {
      name: `${name}BurnsFast`,
      severity: 'page',
      expr: (scope) => burns(scope, objective, FAST),
      summary: `${where} breaks its promise that ${promise} so fast that the month's budget is gone within days.`,
      description:
        'At least 2 % of the budget of 30 days went in an hour, or 5 % in six hours. Find out what began then: a release, the database, the market data.',
      runbook,
    },
    {
      name: `${name}BurnsSlowly`,
      severity: 'slack',
      expr: (scope) => burns(scope, objective, SLOW),
      summary: `${where} will not keep its promise that ${promise}.`,
      description:
        'At this pace the budget of 30 days is used up before they are over. Look which routes and which release are worst, in the dashboard of the golden signals.',
      runbook,
    },
  ];
}

/** Multi-window, multi-burn-rate alerts on 99.9 % availability and on a 95th percentile of one second. */
export const OBJECTIVES: RuleGroup = {
  name: 'cryptosense-objectives',
  about: 'environment',
  rules: [AVAILABILITY, LATENCY].flatMap((objective) => [
    ...WINDOWS.map((seconds) => ({
      record: recorded(objective, seconds),
      expr: (scope: Scope) => ratio(scope, objective, seconds),
    })),
    ...alerts(objective),
  ]),
};

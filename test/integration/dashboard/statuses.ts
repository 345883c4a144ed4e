import type { EnvironmentStatus } from '../../../operator/api/status.ts';

const SECOND = 1_000;
const iso = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

type Conditions = NonNullable<EnvironmentStatus['conditions']>;

/** A release by its number. */
export function release(number: number): { revision: string; number: number; image: string } {
  return {
    revision: `${number}a1b2c3d4e`.slice(-10),
    number,
    image: `registry.example.com/cryptosense-api:1.${number}.0`,
  };
}

function conditions(now: number, wrong: Record<string, string> = {}): Conditions {
  const well: Record<string, string> = {
    Ready: 'Every component is ready and the stable release serves.',
    DatabaseReady: '1 of 1 pods of PostgreSQL are ready.',
    PoolerReady: '2 of 2 pods of PgBouncer are ready.',
    CacheReady: '1 of 1 pods of Redis are ready.',
    ApiReady: '4 of 4 pods of the stable release are ready.',
    RoutingReady: 'The gateway has taken over the route.',
  };
  const lastTransitionTime = iso(now - 7_200 * SECOND);
  return [
    ...Object.entries(well).map(([type, message]) => ({
      type,
      status: type in wrong ? ('False' as const) : ('True' as const),
      reason: type in wrong ? 'NotReady' : 'Serving',
      message: wrong[type] ?? message,
      lastTransitionTime,
    })),
    {
      type: 'Stalled',
      status: 'Stalled' in wrong ? 'True' : 'False',
      reason: 'Stalled' in wrong ? 'InvalidSpec' : 'NotStalled',
      message: wrong.Stalled ?? 'Nothing stands in the way.',
      lastTransitionTime,
    },
  ];
}

/** Serves its first releases, and has nothing to do. */
export function serving(now: number, wrong: Record<string, string> = {}): EnvironmentStatus {
  const history = [1, 2].map((number) => ({
    ...release(number),
    promotedAt: iso(now - (90_000 - number * 30_000) * SECOND),
    ...(number === 2 ? {} : { replacedAt: iso(now - 30_000 * SECOND) }),
  }));
  return {
    observedGeneration: 1,
    conditions: conditions(now, wrong),
    summary: Object.values(wrong)[0] ?? `${release(2).image} serves all requests`,
    replicas: 4,
    readyReplicas: 'ApiReady' in wrong ? 0 : 4,
    stable: { ...release(2), since: iso(now - 30_000 * SECOND) },
    history,
    endpoint: 'https://api.example.com',
    components: [
      { name: 'database', image: 'cryptosense-database:1.0.0', pods: 1, readyPods: 1 },
      {
        name: 'pooler',
        image: 'cryptosense-pooler:1.0.0',
        pods: 2,
        readyPods: 'PoolerReady' in wrong ? 1 : 2,
      },
      { name: 'cache', image: 'cryptosense-cache:1.0.0', pods: 1, readyPods: 1 },
    ],
    database: {
      members: [
        { name: 'shop-database-0', role: 'primary', state: 'running', ready: true, timeline: 3 },
        { name: 'shop-database-1', role: 'replica', state: 'running', ready: true, timeline: 3, lagBytes: 0 },
        {
          name: 'shop-database-2',
          role: 'replica',
          state: 'running',
          ready: true,
          timeline: 3,
          lagBytes: 64 * 2 ** 20,
        },
      ],
    },
  };
}

/** Tries its third release. */
export function releasing(
  now: number,
  at: {
    startedAt: number;
    step: number;
    weight: number;
    ready: number;
    verdicts?: ('pass' | 'fail' | 'inconclusive' | 'error')[];
    arrived?: boolean;
  },
): EnvironmentStatus {
  const { startedAt, step, weight, ready, verdicts = [], arrived = true } = at;
  const third = release(3);
  return {
    ...serving(now),
    summary: `${third.image} gets ${weight} % of the requests`,
    candidate: {
      ...third,
      strategy: 'canary',
      step,
      steps: 5,
      startedAt: iso(startedAt),
      weight,
      replicas: Math.max(1, Math.ceil((4 * weight) / 100)),
      readyReplicas: ready,
      arrived,
      measurements: verdicts.slice(-10).map((verdict, i) => ({
        at: iso(startedAt + (verdicts.length - verdicts.slice(-10).length + i + 1) * 15 * SECOND),
        verdict,
        requests: 412,
        errors: verdict === 'fail' ? 31 : 2,
        message: '2 of 412 requests answered 5xx (0.5 %, limit 5 %)',
      })),
      analyses: [
        {
          id: 'background',
          startedAt: iso(startedAt),
          message: 'It is measured every 15 s.',
          metrics: [
            {
              name: 'errors',
              verdict: verdicts.at(-1) ?? 'inconclusive',
              message: '2 of 412 requests answered 5xx (0.5 %, limit 5 %)',
              count: verdicts.length,
              failures: verdicts.filter((verdict) => verdict === 'fail').length,
              errors: 0,
              inconclusive: 0,
            },
          ],
        },
      ],
    },
    notifications: [
      {
        id: 'n-1',
        at: iso(startedAt),
        kind: 'start',
        severity: 'info',
        reason: 'ReleaseStarted',
        message: `${third.image} (revision 3) is released as a canary`,
      },
    ],
  };
}

import { failureRate, latency, ofApi, requestRate } from './requests.ts';
import { BY_ENVIRONMENT, ENVIRONMENT_LABELS, HOUR, MINUTE, type RuleGroup } from './rule.ts';
import { volumeUse } from './volumes.ts';

const WHERE = '{{ $labels.namespace }}/{{ $labels.environment }}';

/** The four critical and the four warning alerts of the guide (section 7), with its numbers. */
export const GUIDE: RuleGroup = {
  name: 'cryptosense-guide',
  about: 'environment',
  rules: [
    {
      name: 'ApiDown',
      severity: 'page',
      // Once a minute: no pod answers Prometheus, or the operator sees none that is ready to serve.
      expr: (scope) => {
        const silent = `max ${BY_ENVIRONMENT} (${ofApi(scope, 'up')}) == 0`;
        const unready = `max ${BY_ENVIRONMENT} (${scope.of('cryptosense_environment_ready_replicas')}) == 0`;
        const [all, each] = [scope.range(5 * MINUTE), scope.range(MINUTE)];
        return `count_over_time((${silent} or ${unready})[${all}:${each}]) >= 3`;
      },
      summary: `The API of ${WHERE} is down.`,
      description:
        'Its health failed three times within five minutes: users get no answer. Look which condition of the environment is False, and go where it leads.',
      runbook: 'api-down',
    },
    {
      name: 'DatabaseDown',
      severity: 'page-ceo',
      // What the API's attempts come to; what the exporter's do, where there is one; and whether a pod is ready at all.
      expr: (scope) => {
        const attempts = (...matchers: string[]) => {
          const counter = ofApi(scope, 'cryptosense_database_attempts_total', ...matchers);
          return `sum ${BY_ENVIRONMENT} (rate(${counter}[${scope.range(MINUTE)}]))`;
        };
        const failing = `${attempts('result="failed"')} / ${attempts()} > 0.9`;
        const refusing = `max ${BY_ENVIRONMENT} (${scope.of('pg_up')}) == 0`;
        const pods = scope.of('cryptosense_component_ready_pods', 'component="database"');
        return `${failing} or ${refusing} or max ${BY_ENVIRONMENT} (${pods}) == 0`;
      },
      forSeconds: 2 * MINUTE,
      summary: `The database of ${WHERE} is down.`,
      description:
        'More than 90 % of the attempts to reach it failed for two minutes. Prices that the API still knows are served; everything else is answered 503.',
      runbook: 'database-not-ready',
    },
    {
      name: 'ErrorSpike',
      severity: 'page',
      expr: (scope) => `sum ${BY_ENVIRONMENT} (${failureRate(scope, 2 * MINUTE)}) * 60 > 100`,
      forSeconds: 5 * MINUTE,
      summary: `The API of ${WHERE} answers more than 100 requests a minute with 5xx.`,
      description:
        'It has done so for five minutes. Look at the log of the failures, and whether they began with a release.',
      runbook: 'errors',
    },
    {
      name: 'DiskFull',
      severity: 'page',
      by: [...ENVIRONMENT_LABELS, 'persistentvolumeclaim'],
      expr: (scope) => `${volumeUse(scope)} > 0.95`,
      summary: `The volume {{ $labels.persistentvolumeclaim }} of ${WHERE} is more than 95 % full.`,
      description:
        'A full volume stops the database. Grow it at once: the claim grows with spec.database.storage or spec.cache.storage.',
      runbook: 'disk-full',
    },
    {
      name: 'HighLatency',
      severity: 'slack',
      expr: (scope) => `${latency(scope, 0.95, 5 * MINUTE, ENVIRONMENT_LABELS.join(', '))} > 1`,
      forSeconds: 10 * MINUTE,
      summary: `One request in twenty to ${WHERE} takes longer than a second.`,
      description:
        'It has been so for ten minutes. Look which routes are slow, then at the database and at the CPU of the pods.',
      runbook: 'high-latency',
    },
    {
      name: 'ErrorRate',
      severity: 'slack',
      expr: (scope) => {
        const failed = `sum ${BY_ENVIRONMENT} (${failureRate(scope, 5 * MINUTE)})`;
        return `${failed} / sum ${BY_ENVIRONMENT} (${requestRate(scope, 5 * MINUTE)}) > 0.05`;
      },
      forSeconds: 15 * MINUTE,
      summary: `The API of ${WHERE} answers more than 5 % of its requests with 5xx.`,
      description: 'It has done so for 15 minutes. Look at the log of the failures and at the last release.',
      runbook: 'errors',
    },
    {
      name: 'HighCpu',
      severity: 'slack',
      expr: (scope) => {
        const used = `avg ${BY_ENVIRONMENT} (rate(${ofApi(scope, 'process_cpu_seconds_total')}[${scope.range(5 * MINUTE)}]))`;
        return `${used} / max ${BY_ENVIRONMENT} (${scope.of('cryptosense_api_cpu_request_cores')}) > 0.8`;
      },
      forSeconds: 20 * MINUTE,
      summary: `The API's pods of ${WHERE} use more than 80 % of the CPU that they ask for.`,
      description:
        'The autoscaler aims at less and has not got there in 20 minutes: it is at its maximum, or new pods find no room.',
      runbook: 'high-cpu',
    },
    {
      name: 'MemoryLeak',
      severity: 'slack',
      by: [...ENVIRONMENT_LABELS, 'pod'],
      // The least of a quarter of an hour: garbage that is collected is no leak. A pod grows when it is young.
      expr: (scope) => {
        const floor = (offset: string) =>
          `min_over_time(${ofApi(scope, 'process_resident_memory_bytes')}[${scope.range(15 * MINUTE)}]${offset})`;
        const growth = `${floor('')} / ${floor(` offset ${scope.range(HOUR)}`)} > 1.1`;
        const isOld = `time() - ${ofApi(scope, 'process_start_time_seconds')} > ${scope.seconds(2 * HOUR)}`;
        return `max by (namespace, environment, pod) (${growth} and ${isOld})`;
      },
      summary: `The memory of pod {{ $labels.pod }} of ${WHERE} has grown by more than 10 % within an hour.`,
      description:
        'It ends when it reaches its limit, and is started again. Compare it with the other pods and with the release before.',
      runbook: 'memory-high',
    },
  ],
};

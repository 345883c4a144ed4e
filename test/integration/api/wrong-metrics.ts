import { environment, type Refused, type Spec } from './refused.ts';

/** One metric of the analysis beside the steps; `fields` make it wrong. */
const metric = (fields: Spec) => ({
  rollout: { canary: { analysis: { metrics: [{ name: 'm', ...fields }] } } },
});
const web = { url: 'https://example.com/status' };
const prometheus = { address: 'http://prometheus:9090', query: 'vector(1)' };
const errors = { measure: 'errors' };

/** Metrics of an analysis. */
export const METRICS: Refused[] = [
  environment(
    'a metric without a source',
    'exactly one of pods, prometheus, web and job',
    metric({ max: '1' }),
  ),
  environment(
    'a metric with two sources',
    'exactly one of pods, prometheus, web and job',
    metric({ max: '1', pods: errors, prometheus }),
  ),
  environment('a metric with a space', 'the name of a metric has lower-case letters', {
    rollout: { canary: { analysis: { metrics: [{ name: 'my metric', pods: errors, max: '0.1' }] } } },
  }),
  environment('two metrics of one name', /metrics\[1\]: Duplicate value/, {
    rollout: {
      canary: {
        analysis: {
          metrics: [
            { name: 'm', pods: errors, max: '0.1' },
            { name: 'm', pods: errors, max: '0.2' },
          ],
        },
      },
    },
  }),
  environment('latency without a limit', 'latency needs max', metric({ pods: { measure: 'latency' } })),
  environment('errors with a floor', 'and no min; latency needs max', metric({ pods: errors, min: '0.1' })),
  environment(
    'a quantile of errors',
    'quantile belongs to measure: latency',
    metric({ pods: { ...errors, quantile: '0.95' }, max: '0.1' }),
  ),
  environment(
    'a quantile in percent',
    'quantile is a share below 1',
    metric({ pods: { measure: 'latency', quantile: '95' }, max: '1' }),
  ),
  environment('a query that every value passes', 'a number needs min, max or both', metric({ prometheus })),
  environment('a limit with a unit', 'max is a number in quotes', metric({ prometheus, max: '1s' })),
  environment('a floor that is no number', 'min is a number in quotes', metric({ prometheus, min: '.5' })),
  environment(
    'a floor above the ceiling',
    'min cannot be above max',
    metric({ prometheus, min: '2', max: '1' }),
  ),
  environment(
    'an unknown placeholder in a query',
    'a query knows the placeholders {{revision}}',
    metric({ prometheus: { ...prometheus, query: 'up{pod="{{pod}}"}' }, max: '1' }),
  ),
  environment(
    'an unknown placeholder in an address',
    'an address knows the placeholders {{revision}}',
    metric({ web: { url: 'https://example.com/{{image}}' } }),
  ),
  environment(
    'a Prometheus without a scheme',
    'the address of a Prometheus starts with http:// or https://',
    metric({ prometheus: { ...prometheus, address: 'prometheus:9090' }, max: '1' }),
  ),
  environment(
    'a web check of a file',
    'the address of a web check starts with http:// or https://',
    metric({ web: { url: 'file:///etc/passwd' } }),
  ),
  environment(
    'a comparison of a query',
    'comparedWithStable and minRequests need requests that are counted',
    metric({ prometheus, max: '1', comparedWithStable: {} }),
  ),
  environment(
    'a tolerance in percent',
    'tolerance is a share below 1',
    metric({ pods: errors, comparedWithStable: { tolerance: '5' } }),
  ),
  environment(
    'a limit of a job',
    'a job passes by its exit code',
    metric({ job: { image: 'check:1' }, max: '1' }),
  ),
  environment(
    'a header with a space',
    'the name of a header has letters, digits, hyphens and underscores',
    metric({ web: { ...web, headers: [{ name: 'X Key', value: 'a' }] } }),
  ),
  environment(
    'a header with two values',
    'a header has exactly one of value and secret',
    metric({ web: { ...web, headers: [{ name: 'X-Key', value: 'a', secret: { name: 's', key: 'k' } }] } }),
  ),
  environment(
    'a path with a filter',
    'jsonPath is written as .data.items[0].value',
    metric({ web: { ...web, jsonPath: '$..value' }, max: '1' }),
  ),
  environment(
    'no time for an answer',
    'a timeout of no length cannot be met',
    metric({ web: { ...web, timeout: '0s' } }),
  ),
  environment(
    'a metric without a pause',
    'the interval of a metric has to be at least 1s',
    metric({ pods: errors, max: '0.1', interval: '0s' }),
  ),
];

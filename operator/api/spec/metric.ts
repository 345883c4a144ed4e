import { z } from 'zod';
import { duration, form, image, notZero, objectName, rules } from './forms.ts';

/** What may stand in a query, an address or an argument, between two pairs of braces. */
export const PLACEHOLDERS = ['revision', 'stable', 'namespace', 'environment'] as const;

function knownPlaceholders(what: string) {
  const without = PLACEHOLDERS.reduce((text, name) => `${text}.replace('{{${name}}}', '')`, 'self');
  return rules({
    rule: `!${without}.contains('{{')`,
    message: `${what} knows the placeholders ${PLACEHOLDERS.map((name) => `{{${name}}}`).join(', ')} and no others`,
  });
}

/** A number that no reader of YAML can round: text, with at most six decimals. */
function decimal(field: string) {
  return form(
    /^-?[0-9]{1,12}([.][0-9]{1,6})?$/,
    `${field} is a number in quotes, with at most 6 decimals: "0.05" or "250"`,
    20,
  );
}

const url = (field: string) =>
  z
    .string()
    .min(1)
    .max(500)
    .meta(
      rules({
        rule: "self.startsWith('http://') || self.startsWith('https://')",
        message: `${field} starts with http:// or https://`,
      }),
    );

const headers = z
  .array(
    z
      .object({
        name: form(
          /^[A-Za-z0-9][-A-Za-z0-9_]*$/,
          'the name of a header has letters, digits, hyphens and underscores',
          64,
        ).describe('Name of the header, for example Authorization.'),
        value: z.string().min(1).max(256).describe('Its value, when it is no secret.').optional(),
        secret: z
          .object({
            name: objectName().describe('Name of the Secret, in the namespace of the environment.'),
            key: z.string().min(1).max(253).describe('Key with the whole value, for example "Bearer …".'),
          })
          .describe('Where the value is. The operator needs a Role to read it: see docs/analysis.md.')
          .optional(),
      })
      .describe('One header of the request.')
      .meta(
        rules({
          rule: 'has(self.value) != has(self.secret)',
          message: 'a header has exactly one of value and secret',
        }),
      ),
  )
  .max(4)
  .describe('Headers that are sent with the request.')
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] });

const timeout = (described: string, otherwise: string) =>
  duration(notZero('a timeout of no length cannot be met: write for example 5s')).describe(
    `${described}; ${otherwise} when it is left out.`,
  );

const pods = z
  .object({
    measure: z
      .enum(['errors', 'latency'])
      .describe('errors: share of 5xx answers. latency: how long answers take, at the quantile.'),
    quantile: form(
      /^0[.][0-9]{1,4}$/,
      'quantile is a share below 1, in quotes and with at most 4 decimals: "0.95"',
      6,
    )
      .describe('Share of the requests that have to be as fast as max says; "0.95" when it is left out.')
      .optional(),
  })
  .describe('The own counters of the pods, from their /metrics, since the analysis began.')
  .meta(
    rules({
      rule: "self.measure == 'latency' || !has(self.quantile)",
      message: 'quantile belongs to measure: latency',
    }),
  );

const prometheus = z
  .object({
    address: url('the address of a Prometheus').describe('For example http://prometheus.monitoring:9090.'),
    query: z
      .string()
      .min(1)
      .max(2000)
      .describe(
        'PromQL with one number as its result; {{revision}}, {{stable}}, {{namespace}} and {{environment}} are filled in.',
      )
      .meta(knownPlaceholders('a query')),
    headers: headers.optional(),
    timeout: timeout('How long the answer may take', '10s').optional(),
  })
  .describe('Any PromQL query. No result, several results and NaN are inconclusive.');

const web = z
  .object({
    url: url('the address of a web check')
      .describe('Asked with GET; redirects are not followed. The placeholders are those of a query.')
      .meta({
        ...rules(
          ...knownPlaceholders('an address')['x-kubernetes-validations'],
          ...rules({
            rule: "self.startsWith('http://') || self.startsWith('https://')",
            message: 'the address of a web check starts with http:// or https://',
          })['x-kubernetes-validations'],
        ),
      }),
    headers: headers.optional(),
    timeout: timeout('How long the answer may take', '5s').optional(),
    status: z
      .int()
      .min(100)
      .max(599)
      .describe('Status that the answer has to have; any of 200 to 299 when it is left out.')
      .optional(),
    jsonPath: form(
      /^([.][A-Za-z_][A-Za-z0-9_-]*|\[[0-9]{1,4}\])+$/,
      'jsonPath is written as .data.items[0].value',
      200,
    )
      .describe(
        'Where the number is, or the true or false, that min and max are about; true is 1. Without it the status decides.',
      )
      .optional(),
  })
  .describe('An HTTP request by the operator.');

const job = z
  .object({
    image: image().describe('Image of the check.'),
    command: z
      .array(z.string().max(1024).describe('One word of it.'))
      .max(16)
      .describe('Instead of the image’s own entrypoint.')
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional(),
    args: z
      .array(z.string().max(1024).describe('One argument.'))
      .max(32)
      .describe('Arguments; the placeholders are those of a query.')
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional(),
    timeout: timeout('How long it may take', '10m').optional(),
  })
  .describe('A Job that the operator makes and removes: exit code 0 is pass, any other one is fail.');

const SOURCES = '[has(self.pods), has(self.prometheus), has(self.web), has(self.job)].filter(f, f).size()';

export const metric = z
  .object({
    name: form(
      /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
      'the name of a metric has lower-case letters, digits and hyphens, and starts with a letter',
      40,
    ).describe('Its name in status and in Events. One with the name of a metric of the preset replaces it.'),
    pods: pods.optional(),
    prometheus: prometheus.optional(),
    web: web.optional(),
    job: job.optional(),
    min: decimal('min').describe('The smallest value that passes.').optional(),
    max: decimal('max')
      .describe('The largest value that passes: a share for errors, seconds for latency.')
      .optional(),
    comparedWithStable: z
      .object({
        tolerance: form(
          /^0([.][0-9]{1,5})?$/,
          'tolerance is a share below 1, in quotes and with at most 5 decimals: "0.01" is one percentage point',
          8,
        )
          .describe('How much larger than the stable release’s the share may be; "0.01" when it is left out.')
          .optional(),
      })
      .describe(
        'Fails when it is shown that the candidate is worse than the stable release in the same time, by a test that may look at any time.',
      )
      .optional(),
    minRequests: z
      .int()
      .min(1)
      .max(1000000)
      .describe('Fewer requests than this are too few; that of the analysis when it is left out.')
      .optional(),
    interval: duration(notZero('the interval of a metric has to be at least 1s'))
      .describe('Time between two measurements; that of the analysis when it is left out.')
      .optional(),
    initialDelay: duration()
      .describe('How long after the beginning the first measurement is made; none when it is left out.')
      .optional(),
    count: z
      .int()
      .min(1)
      .max(1000)
      .describe(
        'Measurements with a verdict, after which the metric is done. Left out: one in a step or around a switch, no end in the background.',
      )
      .optional(),
    failureLimit: z
      .int()
      .min(0)
      .max(1000)
      .describe('So many measurements may fail; 0 when it is left out.')
      .optional(),
    consecutiveErrorLimit: z
      .int()
      .min(0)
      .max(1000)
      .describe('So many measurements in a row may not come about; 4 when it is left out.')
      .optional(),
    inconclusiveLimit: z
      .int()
      .min(0)
      .max(1000)
      .describe(
        'So many measurements may be inconclusive; 3 when it is left out. Too few requests do not count.',
      )
      .optional(),
    dryRun: z.boolean().describe('Measured and said, without any effect on the release.').optional(),
  })
  .describe('One metric of an analysis: where it comes from, and what passes.')
  .meta(
    rules(
      { rule: `${SOURCES} == 1`, message: 'a metric has exactly one of pods, prometheus, web and job' },
      {
        rule: "!has(self.pods) || (!has(self.min) && (has(self.max) || has(self.comparedWithStable)) && (self.pods.measure != 'latency' || has(self.max)))",
        message:
          'a metric of the pods takes max (latency: in seconds, errors: a share) and comparedWithStable, and no min; latency needs max',
      },
      {
        rule: '!(has(self.prometheus) || (has(self.web) && has(self.web.jsonPath))) || has(self.min) || has(self.max)',
        message: 'a number needs min, max or both: without them every value would pass',
      },
      {
        rule: '!(has(self.job) || (has(self.web) && !has(self.web.jsonPath))) || (!has(self.min) && !has(self.max))',
        message:
          'min and max are about a number: a job passes by its exit code, and a web check without jsonPath by its status',
      },
      {
        rule: 'has(self.pods) || (!has(self.comparedWithStable) && !has(self.minRequests))',
        message:
          'comparedWithStable and minRequests need requests that are counted, as pods does; a query can compare by itself with {{stable}}',
      },
      {
        rule: '!has(self.min) || !has(self.max) || double(self.min) <= double(self.max)',
        message: 'min cannot be above max',
      },
    ),
  );

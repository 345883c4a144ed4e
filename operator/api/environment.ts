import { z } from 'zod';
import { statusSchema } from './status.ts';

/**
 * The one schema of CryptoSenseEnvironment: the TypeScript types, the defaults of each tier
 * (tiers.ts) and the CRD (generate-crds.ts) all come from here. A `description` is what
 * `kubectl explain` prints. CEL rules go through `.meta()`, because zod's refinements cannot
 * be written into a CRD.
 */
export const GROUP = 'cryptosense.io';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;
export const KIND = 'CryptoSenseEnvironment';
export const PLURAL = 'cryptosenseenvironments';

/** One CEL rule of a CRD: the expression, and the sentence that a user reads when it is false. */
export interface CelRule {
  rule: string;
  message: string;
}

function rules(...list: CelRule[]): { 'x-kubernetes-validations': CelRule[] } {
  return { 'x-kubernetes-validations': list };
}

/**
 * Text of a certain form. In the CRD the form is a rule with a sentence: of a pattern, the API server would only show
 * the regular expression.
 */
function form(pattern: RegExp, message: string, maxLength: number, ...others: CelRule[]) {
  const rule = `self.matches(r'${pattern.source}')`;
  return z
    .string()
    .min(1)
    .max(maxLength)
    .regex(pattern)
    .meta(rules({ rule, message }, ...others));
}

const DURATION = /^([0-9]{1,4}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$/;

function duration(...others: CelRule[]) {
  return form(DURATION, 'a duration is written as 30s, 15m or 1h30m', 16, ...others);
}

/** Durations have no sign and no fraction: what is not zero is at least a second. */
function notZero(message: string): CelRule {
  return { rule: `!self.matches(r'${DURATION.source}') || duration(self) > duration('0s')`, message };
}

const QUANTITY = /^([1-9][0-9]*([.][0-9]+)?|0[.]0*[1-9][0-9]*)(m|Ki|Mi|Gi|Ti|k|M|G|T)?$/;

// `cpu: 2` is a number in YAML and `cpu: 500m` is not: both are written, so both are taken.
const quantity = z.union([z.int().min(1), z.string().min(1).max(16).regex(QUANTITY)]).meta(
  rules({
    rule: `string(self).matches(r'${QUANTITY.source}')`,
    message: 'a quantity is a number above zero, with a unit where one is needed: 500m of CPU, 1Gi of memory',
  }),
);

function image(...others: CelRule[]) {
  return form(
    /^[a-z0-9]([a-zA-Z0-9._:/-]*[a-zA-Z0-9])?(@sha256:[a-f0-9]{64})?$/,
    'an image is written as name:tag, registry/name:tag or name@sha256: with 64 hexadecimal digits',
    500,
    ...others,
  );
}

const resources = z
  .object({
    cpu: quantity
      .describe('CPU that is requested, for example 500m. There is no CPU limit: it would only throttle.')
      .optional(),
    memory: quantity
      .describe('Memory that is requested and at the same time the limit, for example 1Gi.')
      .optional(),
  })
  .describe('What one pod asks for.');

const step = z
  .object({
    weight: z
      .int()
      .min(0)
      .max(100)
      .describe('Percentage of the requests that the candidate gets from here on.')
      .optional(),
    pause: duration(notZero('a pause of no length is no pause: leave the step out, or write for example 15m'))
      .describe('How long the candidate is watched before the next step, for example 15m.')
      .optional(),
  })
  .describe('One step of a canary: either a weight or a pause.')
  .meta(
    rules({
      rule: 'has(self.weight) != has(self.pause)',
      message: 'a canary step has exactly one of weight and pause: write them as two steps',
    }),
  );

const analysis = z
  .object({
    maxErrorRatio: form(
      /^(0([.][0-9]{1,5})?|1([.]0{1,5})?)$/,
      'maxErrorRatio is a share from "0" to "1", in quotes and with at most 5 decimals: "0.05" is 5 %',
      8,
    )
      .describe('Largest share of 5xx answers that a candidate may give, from "0" to "1"; "0.05" is 5 %.')
      .optional(),
    minRequests: z
      .int()
      .min(1)
      .max(1000000)
      .describe('Fewer requests than this are too few for a verdict.')
      .optional(),
    interval: duration(notZero('analysis.interval has to be at least 1s'))
      .describe('Time between two measurements of the pods, at least 1s.')
      .optional(),
    onInsufficientData: z
      .enum(['pause', 'continue'])
      .describe(
        'What happens when a pause ends with fewer than minRequests requests: wait on, or go to the next step.',
      )
      .optional(),
  })
  .describe('How a candidate is judged while it gets traffic.');

const canary = z
  .object({
    steps: z
      .array(step)
      .min(1)
      .max(20)
      .describe('Carried out in order; the last one has to be weight 100.')
      .meta({
        ...rules(
          {
            rule: 'has(self[self.size() - 1].weight) && self[self.size() - 1].weight == 100',
            message: 'the last canary step has to be "weight: 100", or the release would never end',
          },
          {
            rule: 'self.filter(s, has(s.weight) && s.weight == 100).size() <= 1',
            message: 'only the last canary step can be "weight: 100"',
          },
        ),
        'x-kubernetes-list-type': 'atomic',
      })
      .optional(),
    analysis: analysis.optional(),
  })
  .describe('The candidate runs beside the stable release and gets its share of the requests step by step.');

const rollout = z
  .object({
    canary: canary.optional(),
    progressDeadline: duration(
      notZero('no release is ready in no time: write for example 5m for rollout.progressDeadline'),
    )
      .describe('How long a candidate may take to become ready before it is rolled back.')
      .optional(),
    scaleDownDelay: duration()
      .describe('How long the pods of a release that no longer gets requests are kept.')
      .optional(),
  })
  .describe('How a new release takes over from the stable one.');

const release = z
  .object({
    image: image({
      rule: "self.contains('@sha256:') || (self.substring(self.lastIndexOf('/') + 1).contains(':') && !self.endsWith(':latest'))",
      message:
        'a release needs an image that stays what it is: name a tag other than latest, or a digest (…@sha256:…)',
    }).describe('Image of the API, for example cryptosense-api:1.0.0; production pins a digest.'),
    config: z
      .record(z.string(), z.string().max(4096))
      .describe('Environment variables of the API, released and rolled back together with the image.')
      .meta({
        maxProperties: 64,
        ...rules(
          {
            rule: "self.all(k, k.matches('^[A-Z][A-Z0-9_]{0,63}$'))",
            message: 'a configuration key is an environment variable in upper case, for example LOG_LEVEL',
          },
          {
            rule: "!self.exists(k, k in ['DATABASE_URL', 'REDIS_URL', 'MIGRATION_DATABASE_URL', 'DATABASE_URL_FILE', 'REDIS_URL_FILE', 'MIGRATION_DATABASE_URL_FILE'])",
            message:
              'DATABASE_URL, REDIS_URL and MIGRATION_DATABASE_URL (and their _FILE forms) are secrets that the operator makes: leave them out',
          },
          {
            rule: "!('PORT' in self)",
            message:
              'the API always listens on port 3000, where its Service and its probes look for it: leave PORT out',
          },
        ),
      })
      .optional(),
  })
  .describe('What is released. A changed field here starts a rollout.');

const api = z
  .object({ resources: resources.optional() })
  .describe('The API pods. A changed field here starts a rollout.');

const autoscaling = z
  .object({
    minReplicas: z.int().min(1).max(100).describe('The API never has fewer pods than this.').optional(),
    maxReplicas: z.int().min(1).max(100).describe('The API never has more pods than this.').optional(),
    cpuUtilization: z
      .int()
      .min(10)
      .max(95)
      .describe('Average CPU, in percent of what is requested, above which pods are added.')
      .optional(),
  })
  .describe('The HorizontalPodAutoscaler of the API.')
  .meta(
    rules({
      rule: '!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas',
      message: 'autoscaling.minReplicas cannot be above autoscaling.maxReplicas',
    }),
  );

/** Only as far as both values are written: the operator watches over the rest. */
function grows(component: string): CelRule {
  return {
    rule: '!has(self.storage) || !has(oldSelf.storage) || quantity(string(self.storage)).compareTo(quantity(string(oldSelf.storage))) >= 0',
    message: `a volume can grow, but not shrink: ${component}.storage has to be at least what it was`,
  };
}

const database = z
  .object({
    image: image().describe('Image of PostgreSQL 15, with TimescaleDB where it is to be had.').optional(),
    storage: quantity
      .describe('Size of the data volume, for example 20Gi. It can grow, not shrink.')
      .optional(),
    storageClassName: z
      .string()
      .min(1)
      .max(253)
      .describe("StorageClass of the data volume; the cluster's default when absent.")
      .optional(),
    resources: resources.optional(),
  })
  .describe('PostgreSQL, with TimescaleDB where it is to be had.')
  .meta(
    rules(grows('database'), {
      rule: 'has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)',
      message:
        'a volume cannot change its class: leave database.storageClassName as it was, or make a new environment',
    }),
  );

const pooler = z
  .object({
    image: image().describe('Image of PgBouncer.').optional(),
    replicas: z.int().min(1).max(10).describe('Number of PgBouncer pods.').optional(),
    resources: resources.optional(),
  })
  .describe('PgBouncer, between the API and the database.');

const cache = z
  .object({
    image: image().describe('Image of Redis.').optional(),
    storage: quantity.describe('Size of the volume of the append-only file.').optional(),
    resources: resources.optional(),
  })
  .describe('Redis, the cache of prices, portfolios and sessions.')
  .meta(rules(grows('cache')));

const routing = z
  .object({
    gateway: z
      .object({
        name: z.string().min(1).max(253).describe('Name of the Gateway.').optional(),
        namespace: z.string().min(1).max(63).describe('Namespace of the Gateway.').optional(),
      })
      .describe('The Gateway (Gateway API) that the HTTPRoute attaches to.')
      .optional(),
    hostnames: z
      .array(
        form(
          /^([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
          'a host name is written as api.example.com or *.example.com, in lower case and without a port',
          253,
        ).describe('A host name, or *. and the end of many.'),
      )
      .max(16)
      .describe('Host names of the API, for example api.cryptosense.com; every host when empty.')
      .meta({ 'x-kubernetes-list-type': 'set' })
      .optional(),
  })
  .describe('How requests reach the API.');

export const specSchema = z
  .object({
    tier: z
      .enum(['local', 'development', 'staging', 'production'])
      .describe('Picks the defaults of every other field. It cannot be changed.')
      .meta(
        rules({ rule: 'self == oldSelf', message: 'the tier cannot be changed: make a new environment' }),
      ),
    replicas: z
      .int()
      .min(0)
      .max(100)
      .describe('Number of API pods. Leave it out: the autoscaler writes it through the scale subresource.')
      .optional(),
    release,
    rollout: rollout.optional(),
    api: api.optional(),
    autoscaling: autoscaling.optional(),
    database: database.optional(),
    pooler: pooler.optional(),
    cache: cache.optional(),
    routing: routing.optional(),
  })
  .describe('What the environment has to be. Every field but tier and release.image has a default.');

export const environmentSchema = z
  .object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(KIND),
    metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
    spec: specSchema,
    status: statusSchema.optional(),
  })
  .meta(
    rules({
      rule: "self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
      message:
        'the name of an environment has at most 40 characters (lower-case letters, digits, hyphens) and starts with a letter: it is the beginning of the names of Services',
    }),
  );

export type EnvironmentSpec = z.infer<typeof specSchema>;
export type Tier = EnvironmentSpec['tier'];

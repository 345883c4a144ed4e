/** A resource that has to be refused, and the sentence that a person reads then. */
export interface WrongResource {
  name: string;
  /** What is there already, when the mistake is a change. */
  before?: Resource;
  resource: Resource;
  sentence: RegExp;
}

type Resource = { metadata: { name: string }; spec: Record<string, unknown> };

const release = { image: 'cryptosense-api:1.0.0' };

function environment(spec: Record<string, unknown>, name = 'wrong'): Resource {
  return { metadata: { name }, spec: { tier: 'local', release, ...spec } };
}

function canary(...steps: unknown[]): Resource {
  return environment({ rollout: { canary: { steps } } });
}

export const WRONG_RESOURCES: WrongResource[] = [
  {
    name: 'a misspelt field',
    resource: environment({ rolout: {} }),
    sentence: /unknown field "spec\.rolout"/,
  },
  {
    name: 'a tier that does not exist',
    resource: environment({ tier: 'prod' }),
    sentence:
      /spec\.tier: Unsupported value: "prod": supported values: "local", "development", "staging", "production"/,
  },
  {
    name: 'no release at all',
    resource: { metadata: { name: 'wrong' }, spec: { tier: 'local' } },
    sentence: /spec\.release: Required value/,
  },
  {
    name: 'an image without a tag',
    resource: environment({ release: { image: 'registry.example:5000/cryptosense-api' } }),
    sentence: /a release needs an image that stays what it is: name a tag other than latest/,
  },
  {
    name: 'the image "latest"',
    resource: environment({ release: { image: 'cryptosense-api:latest' } }),
    sentence: /a release needs an image that stays what it is: name a tag other than latest/,
  },
  {
    name: 'a weight above 100',
    resource: canary({ weight: 110 }, { weight: 100 }),
    sentence: /steps\[0\]\.weight: Invalid value: 110: .*should be less than or equal to 100/,
  },
  {
    name: 'a step with both a weight and a pause',
    resource: canary({ weight: 10, pause: '1m' }, { weight: 100 }),
    sentence: /a canary step has exactly one of weight, pause, replicas, headers, mirror and analysis/,
  },
  {
    name: 'a canary that never ends',
    resource: canary({ weight: 10 }, { pause: '1m' }),
    sentence: /the last canary step has to be "weight: 100", or the release would never end/,
  },
  {
    name: 'a pause of no length',
    resource: canary({ weight: 10 }, { pause: '0s' }, { weight: 100 }),
    sentence: /a pause of no length is no pause: leave the step out, or write for example 15m/,
  },
  {
    name: 'a pause without a unit',
    resource: canary({ weight: 10 }, { pause: '15' }, { weight: 100 }),
    sentence: /a pause is written as 30s, 15m or 1h30m, or as untilPromoted/,
  },
  {
    name: 'memory of an unknown unit',
    resource: environment({ cache: { resources: { memory: '64MB' } } }),
    sentence: /memory and storage are written with a unit, above zero: 512Mi or 20Gi/,
  },
  {
    name: 'a host name with a port',
    resource: environment({ routing: { hostnames: ['api.example.com:8080'] } }),
    sentence:
      /a host name is written as api\.example\.com or \*\.example\.com, in lower case and without a port/,
  },
  {
    name: 'a floor of the autoscaler above its ceiling',
    resource: environment({ autoscaling: { minReplicas: 5, maxReplicas: 2 } }),
    sentence: /autoscaling\.minReplicas cannot be above autoscaling\.maxReplicas/,
  },
  {
    name: 'a gate for migrations that does not exist',
    resource: environment({ release: { ...release, migration: { gate: 'sometimes' } } }),
    sentence:
      /release\.migration\.gate: Unsupported value: "sometimes": supported values: "verified", "full", "none"/,
  },
  {
    name: 'the password of the database in the configuration',
    resource: environment({ release: { ...release, config: { DATABASE_URL: 'postgresql://a:b@c/d' } } }),
    sentence:
      /DATABASE_URL, REDIS_URL and MIGRATION_DATABASE_URL .* are secrets that the operator makes: leave them out/,
  },
  {
    name: 'a configuration key in lower case',
    resource: environment({ release: { ...release, config: { log_level: 'debug' } } }),
    sentence: /a configuration key is an environment variable in upper case, for example LOG_LEVEL/,
  },
  {
    name: 'a name that is too long for Services',
    resource: environment({}, `a${'b'.repeat(40)}`),
    sentence: /the name of an environment has at most 40 characters/,
  },
  {
    name: 'another tier for an environment that is there',
    before: environment({}, 'immutable'),
    resource: environment({ tier: 'staging' }, 'immutable'),
    sentence: /the tier cannot be changed: make a new environment/,
  },
  {
    name: 'a smaller volume',
    before: environment({ database: { storage: '2Gi' } }, 'shrinking'),
    resource: environment({ database: { storage: '1500Mi' } }, 'shrinking'),
    sentence: /a volume can grow, but not shrink: database\.storage has to be at least what it was/,
  },
];

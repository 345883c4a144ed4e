import { z } from 'zod';
import type { WebhookTargets } from './alerts/webhook-url.ts';
import { type ConnectionUrl, ConnectionUrlError, fixedUrl, urlInFile } from './connection-url.ts';
import { type Recording, RecordingError, recordingIn } from './feed/recording.ts';
import type { RateLimits } from './http/limits/rate-limit.ts';

/** Environment variables as `process.env` has them. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Every mistake in the configuration, in one message meant for a person: no stack, no secret values. */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    const count = mistakes.length === 1 ? 'one mistake' : `${mistakes.length} mistakes`;
    super(`The configuration has ${count}:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`);
    this.mistakes = mistakes;
  }
}

const environments = ['development', 'staging', 'production'] as const;
const logLevels = ['error', 'warn', 'info', 'debug'] as const;
const feeds = ['coingecko', 'simulator', 'replay'] as const;
const webhookTargets = ['public', 'any'] as const;
const defaultLogLevel = { development: 'debug', staging: 'info', production: 'warn' } as const;

const defaultRateLimits: RateLimits = { anonymous: 1_200, free: 3_000, pro: 12_000 };
const unlimited: RateLimits = { anonymous: 0, free: 0, pro: 0 };

export type LogLevel = (typeof logLevels)[number];

const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/)
    .transform(Number)
    .pipe(z.number().min(least).max(most))
    .meta({ expected: `a whole number from ${least} to ${most}` });

const integer = (least: number, most: number, fallback: number) => {
  const schema = wholeNumber(least, most);
  return schema.default(fallback).meta({ expected: schema.meta()?.expected });
};

const oneOf = <const T extends readonly [string, ...string[]]>(names: T) =>
  z.enum(names).meta({ expected: names.join(', ') });

const webAddress = z
  .url({ protocol: /^https?$/ })
  .transform((address) => address.replace(/\/+$/, ''))
  .meta({ expected: 'an http or https URL, such as http://localhost:3000' });

const process = {
  NODE_ENV: oneOf(environments),
  LOG_LEVEL: oneOf(logLevels)
    .optional()
    .meta({ expected: logLevels.join(', ') }),
  APP_VERSION: z
    .string()
    .regex(/^[\w.+-]{1,64}$/)
    .default('unversioned')
    .meta({ expected: 'at most 64 letters, digits, ".", "_", "+", "-"' }),
};

const share = z
  .string()
  .regex(/^(0(\.\d+)?|1(\.0+)?)$/)
  .transform(Number)
  .meta({ expected: 'a number from 0 to 1' });

const listening = {
  ...process,
  PORT: integer(0, 65_535, 3000),
  LOG_SUCCESS_SHARE: share.optional().meta({ expected: share.meta()?.expected }),
  DRAIN_MS: integer(0, 600_000, 5_000),
  TRUSTED_PROXIES: integer(0, 10, 1),
  OTEL_EXPORTER_OTLP_ENDPOINT: webAddress.optional().meta({ expected: webAddress.meta()?.expected }),
  OTEL_TRACES_SAMPLER_ARG: share.optional().meta({ expected: share.meta()?.expected }),
};

const limit = wholeNumber(0, 1_000_000_000);

const feeding = {
  FEED: oneOf(feeds)
    .default('coingecko')
    .meta({ expected: feeds.join(', ') }),
  FEED_INTERVAL_MS: integer(100, 3_600_000, 15_000),
  FEED_SEED: integer(0, 2_147_483_647, 1),
  FEED_FILE: z.string().optional(),
  FEED_SPEED: z
    .string()
    .regex(/^\d+(\.\d+)?$/)
    .transform(Number)
    .pipe(z.number().min(0.01).max(1_000))
    .default(1)
    .meta({ expected: 'a number from 0.01 to 1000' }),
  COINGECKO_URL: webAddress.default('https://api.coingecko.com/api/v3'),
};

const serving = {
  ...listening,
  ...feeding,
  API_BASE_URL: webAddress,
  DATABASE_POOL_SIZE: integer(1, 100, 10),
  PREDICTOR_URL: webAddress.optional(),
  STREAM_HEARTBEAT_MS: integer(50, 600_000, 15_000),
  STREAM_MOST_CLIENTS: integer(0, 100_000, 2_000),
  ALERT_INTERVAL_MS: integer(100, 3_600_000, 5_000),
  WEBHOOK_TARGETS: oneOf(webhookTargets)
    .default('public')
    .meta({ expected: webhookTargets.join(', ') }),
  RATE_LIMIT_ANONYMOUS: limit.optional().meta({ expected: limit.meta()?.expected }),
  RATE_LIMIT_FREE: limit.optional().meta({ expected: limit.meta()?.expected }),
  RATE_LIMIT_PRO: limit.optional().meta({ expected: limit.meta()?.expected }),
};

// One forecast needs one query; more at once would only wait for the one core that computes them.
const predicting = { ...listening, DATABASE_POOL_SIZE: integer(1, 100, 2) };

const migrating = {
  ...process,
  MIGRATION_DEADLINE_SECONDS: integer(1, 86_400, 900),
  MIGRATION_RESULT_FILE: z.string().optional(),
  MIGRATION_RUN: z.string().optional(),
  // libpq's name for it.
  PGSSLROOTCERT: z.string().optional(),
};

/** What every process of the application knows. */
export interface ProcessConfig {
  readonly environment: (typeof environments)[number];
  readonly version: string;
  readonly logLevel: LogLevel;
}

export interface FeedConfig {
  readonly kind: (typeof feeds)[number];
  readonly intervalMs: number;
  readonly coingeckoUrl: string;
  /** The simulator's seed: the same seed gives the same prices at the same times. */
  readonly seed: number;
  /** Where the kind is replay: what is replayed, and how many times as fast as it was. */
  readonly replay?: { readonly recording: Recording; readonly speed: number };
}

/** What `record` knows. */
export interface RecorderConfig extends ProcessConfig {
  readonly feed: FeedConfig;
}

/** What every process knows that answers HTTP. */
export interface HttpConfig extends ProcessConfig {
  readonly port: number;
  /** The share of successful requests that are logged, 0 to 1. Failures are always logged. */
  readonly logSuccessShare: number;
  /**
   * How many proxies in front of it add to X-Forwarded-For; the address before them is the client's. What stands further to the
   * left anybody can have written.
   */
  readonly trustedProxies: number;
  /** How long a stopping server still accepts connections, so that proxies learn that it is going. */
  readonly drainMs: number;
  /** Absent where nothing is traced. */
  readonly tracing?: TracingConfig;
}

interface DatabaseConfig {
  readonly url: ConnectionUrl;
  readonly poolSize: number;
}

export interface TracingConfig {
  /** The base address of an OTLP collector that takes HTTP. */
  readonly endpoint: string;
  /** The share of the traces begun here that are recorded, 0 to 1. */
  readonly share: number;
}

export interface ServerConfig extends HttpConfig {
  readonly apiBaseUrl: string;
  readonly database: DatabaseConfig;
  readonly redis: { readonly url: ConnectionUrl };
  readonly feed: FeedConfig;
  readonly stream: { readonly heartbeatMs: number; readonly mostClients: number };
  /** Requests a minute by plan, 0 for no limit. */
  readonly rateLimits: RateLimits;
  readonly alerts: {
    /** How often they are compared with the newest prices. */
    readonly intervalMs: number;
    /** Where their webhooks may be; `any` reaches what is inside the cluster, too. */
    readonly webhookTargets: WebhookTargets;
  };
  /** Where the predictor is; absent when there is none. */
  readonly predictorUrl?: string;
}

export interface PredictorConfig extends HttpConfig {
  readonly database: DatabaseConfig;
}

export interface MigrationConfig extends ProcessConfig {
  /** Direct to the primary: an advisory lock is of no use through a transaction pool. */
  readonly url: ConnectionUrl;
  /** Bounds every statement, and the time that another migration is waited for. */
  readonly deadlineMs: number;
  /** Where the result is left, for who started the run. */
  readonly resultFile?: string;
  /** Names the run, its repetitions included. */
  readonly run?: string;
  /** The file of the authority that the database's certificate is verified with, in PEM; absent: there is no TLS but what the URL asks for. */
  readonly authorityFile?: string;
}

/** The server's configuration. Throws ConfigurationError with every mistake at once. */
export function readServerConfig(variables: Variables): ServerConfig {
  const reader = new Reader(variables);
  const values = reader.values(z.object(serving));
  const database = reader.url('DATABASE_URL', databaseSchemes);
  const redis = reader.url('REDIS_URL', ['redis:', 'rediss:']);
  const feed = values && reader.feed(values);
  if (values?.NODE_ENV === 'production' && values.WEBHOOK_TARGETS === 'any')
    reader.mistakes.push('WEBHOOK_TARGETS: found "any", expected public where NODE_ENV is production');
  if (!values || !database || !redis || !feed || reader.mistakes.length > 0)
    throw new ConfigurationError(reader.mistakes);
  // Who develops or tests on one machine is one client with many requests.
  const defaults = values.NODE_ENV === 'development' ? unlimited : defaultRateLimits;
  return {
    ...httpConfig(values),
    apiBaseUrl: values.API_BASE_URL,
    database: { url: database, poolSize: values.DATABASE_POOL_SIZE },
    redis: { url: redis },
    feed,
    stream: { heartbeatMs: values.STREAM_HEARTBEAT_MS, mostClients: values.STREAM_MOST_CLIENTS },
    rateLimits: {
      anonymous: values.RATE_LIMIT_ANONYMOUS ?? defaults.anonymous,
      free: values.RATE_LIMIT_FREE ?? defaults.free,
      pro: values.RATE_LIMIT_PRO ?? defaults.pro,
    },
    alerts: { intervalMs: values.ALERT_INTERVAL_MS, webhookTargets: values.WEBHOOK_TARGETS },
    ...(values.PREDICTOR_URL === undefined ? {} : { predictorUrl: values.PREDICTOR_URL }),
  };
}

/** The configuration of `record`. Throws ConfigurationError with every mistake at once. */
export function readRecorderConfig(variables: Variables): RecorderConfig {
  const reader = new Reader(variables);
  const values = reader.values(z.object({ ...process, ...feeding }));
  const feed = values && reader.feed(values);
  if (!values || !feed) throw new ConfigurationError(reader.mistakes);
  return { ...processConfig(values), feed };
}

/** The configuration of `predictor`. Throws ConfigurationError with every mistake at once. */
export function readPredictorConfig(variables: Variables): PredictorConfig {
  const reader = new Reader(variables);
  const values = reader.values(z.object(predicting));
  const database = reader.url('DATABASE_URL', databaseSchemes);
  if (!values || !database) throw new ConfigurationError(reader.mistakes);
  return { ...httpConfig(values), database: { url: database, poolSize: values.DATABASE_POOL_SIZE } };
}

/** The configuration of `migrate`. Throws ConfigurationError with every mistake at once. */
export function readMigrationConfig(variables: Variables): MigrationConfig {
  const reader = new Reader(variables);
  const values = reader.values(z.object(migrating));
  const url = reader.url('MIGRATION_DATABASE_URL', databaseSchemes);
  if (!values || !url) throw new ConfigurationError(reader.mistakes);
  // A migration's steps are always shown: it is run by a Job whose log is the record of what was done.
  const { logLevel, ...rest } = processConfig(values);
  return {
    ...rest,
    logLevel: logLevel === 'debug' ? 'debug' : 'info',
    url,
    deadlineMs: values.MIGRATION_DEADLINE_SECONDS * 1000,
    ...(values.MIGRATION_RESULT_FILE === undefined ? {} : { resultFile: values.MIGRATION_RESULT_FILE }),
    ...(values.MIGRATION_RUN === undefined ? {} : { run: values.MIGRATION_RUN }),
    ...(values.PGSSLROOTCERT === undefined ? {} : { authorityFile: values.PGSSLROOTCERT }),
  };
}

const databaseSchemes = ['postgresql:', 'postgres:'];

function processConfig(values: z.output<z.ZodObject<typeof process>>): ProcessConfig {
  return {
    environment: values.NODE_ENV,
    version: values.APP_VERSION,
    logLevel: values.LOG_LEVEL ?? defaultLogLevel[values.NODE_ENV],
  };
}

function httpConfig(values: z.output<z.ZodObject<typeof listening>>): HttpConfig {
  const share = values.NODE_ENV === 'development' ? 1 : 0.05;
  const endpoint = values.OTEL_EXPORTER_OTLP_ENDPOINT;
  return {
    ...processConfig(values),
    port: values.PORT,
    logSuccessShare: values.LOG_SUCCESS_SHARE ?? share,
    drainMs: values.DRAIN_MS,
    trustedProxies: values.TRUSTED_PROXIES,
    ...(endpoint === undefined
      ? {}
      : { tracing: { endpoint, share: values.OTEL_TRACES_SAMPLER_ARG ?? share } }),
  };
}

/** Reads variables and collects what is wrong with them, so that a person mends all of it in one go. */
class Reader {
  readonly mistakes: string[] = [];
  readonly #variables: Variables;

  constructor(variables: Variables) {
    // An empty value in a manifest means "not set": a default applies, a required variable is missing.
    this.#variables = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  }

  values<T extends z.ZodRawShape>(schema: z.ZodObject<T>): z.output<z.ZodObject<T>> | undefined {
    const parsed = schema.safeParse(this.#variables);
    if (parsed.success) return parsed.data;
    const names = new Set(parsed.error.issues.map((issue) => String(issue.path[0])));
    for (const name of names) {
      const value = this.#variables[name];
      const found = value === undefined ? 'nothing' : JSON.stringify(value.slice(0, 80));
      this.mistakes.push(`${name}: found ${found}, expected ${expectation(schema.shape[name])}`);
    }
    return undefined;
  }

  /** undefined, with a mistake, when the file that is to be replayed is missing or wrong. */
  feed(values: z.output<z.ZodObject<typeof feeding>>): FeedConfig | undefined {
    const { FEED: kind, FEED_FILE: file, FEED_SPEED: speed } = values;
    const { FEED_INTERVAL_MS: intervalMs, FEED_SEED: seed, COINGECKO_URL: coingeckoUrl } = values;
    const feed = { kind, intervalMs, seed, coingeckoUrl };
    if (kind !== 'replay') return feed;
    try {
      if (file === undefined) throw new RecordingError('nothing');
      return { ...feed, replay: { recording: recordingIn(file), speed } };
    } catch (error) {
      if (!(error instanceof RecordingError)) throw error;
      this.mistakes.push(`FEED_FILE: found ${error.message}, expected a file that "record" has written`);
      return undefined;
    }
  }

  /** `NAME`, or the file named by `NAME_FILE`: exactly one of the two. */
  url(name: string, schemes: readonly string[]): ConnectionUrl | undefined {
    const value = this.#variables[name];
    const file = this.#variables[`${name}_FILE`];
    const expected = `${schemes[0]}//user:password@host:port/name, in ${name} or in a file named by ${name}_FILE`;
    if (value !== undefined && file !== undefined) {
      this.mistakes.push(`${name}: found ${name} and ${name}_FILE, expected one of the two`);
      return undefined;
    }
    const from = file === undefined ? name : `${name}_FILE`;
    try {
      if (file !== undefined) return urlInFile(file, schemes);
      if (value !== undefined) return fixedUrl(value, schemes);
      throw new ConnectionUrlError('nothing');
    } catch (error) {
      if (!(error instanceof ConnectionUrlError)) throw error;
      this.mistakes.push(`${from}: found ${error.found}, expected ${expected}`);
      return undefined;
    }
  }
}

function expectation(schema: unknown): string {
  const expected = schema instanceof z.ZodType ? schema.meta()?.expected : undefined;
  return typeof expected === 'string' ? expected : 'another value';
}

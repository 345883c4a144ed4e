import type { Middleware } from 'koa';
import postgres from 'postgres';
import winston from 'winston';
import { readPredictorConfig, readServerConfig } from '../../../app/config.ts';
import { fixedUrl } from '../../../app/connection-url.ts';
import { readMigrations } from '../../../app/migrations/files.ts';
import { runMigrations } from '../../../app/migrations/runner.ts';
import { startPredictor } from '../../../app/predictor/server.ts';
import { type RunningServer, startServer } from '../../../app/server.ts';
import { type Address, Containers, cacheUrl, databaseUrl } from '../containers.ts';
import { Gate } from './gate.ts';

export const silent = winston.createLogger({ silent: true });
export const migrationsFolder = new URL('../../../app/migrations', import.meta.url).pathname;

/** PostgreSQL with its schema, PgBouncer, Redis, and gates before the two that the API talks to. */
export class World {
  readonly containers = new Containers();
  readonly #servers: { stop(): Promise<boolean> }[] = [];
  #parts: Parts | undefined;

  /** `survives`: the database's data outlives a crash. */
  async start(options: { survives?: boolean } = {}): Promise<void> {
    const [database, cache] = await Promise.all([
      this.containers.startDatabase(options),
      this.containers.startCache(),
    ]);
    const pooler = await this.containers.startPooler();
    const directUrl = databaseUrl(database);
    await runMigrations({
      url: fixedUrl(directUrl, ['postgresql:']),
      migrations: readMigrations(migrationsFolder),
      target: { direction: 'up' },
      version: 'test',
      logger: silent,
    });
    this.#parts = {
      directUrl,
      pooler,
      sql: postgres(directUrl, { max: 2, onnotice: () => {} }),
      database: await Gate.to(pooler),
      cache: await Gate.to(cache),
    };
  }

  get parts(): Parts {
    if (!this.#parts) throw new Error('the world has not been started');
    return this.#parts;
  }

  /** The variables of an API in this world, whose feed stays quiet unless `variables` says otherwise. */
  variables(variables: Record<string, string> = {}): Record<string, string> {
    const { database, cache } = this.parts;
    return { ...quietApi(databaseUrl(database), cacheUrl(cache)), ...variables };
  }

  /** An API in this process; returns its address. */
  async serve(
    variables: Record<string, string> = {},
    extraMiddleware: readonly Middleware[] = [],
  ): Promise<{ url: string; server: RunningServer }> {
    const config = readServerConfig(this.variables(variables));
    const server = await startServer({ config, extraMiddleware, logger: silent });
    this.#servers.push(server);
    return { url: `http://127.0.0.1:${server.port}`, server };
  }

  /** A predictor in this process; returns where it is. It reads through PgBouncer and through no gate. */
  async servePredictor(variables: Record<string, string> = {}): Promise<Address> {
    const config = readPredictorConfig({
      NODE_ENV: 'development',
      PORT: '0',
      DRAIN_MS: '0',
      DATABASE_URL: databaseUrl(this.parts.pooler),
      ...variables,
    });
    const predictor = await startPredictor({ config, logger: silent });
    this.#servers.push(predictor);
    return { host: '127.0.0.1', port: predictor.port };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    if (this.#parts) {
      await this.#parts.sql.end();
      await Promise.all([this.#parts.database.cut(), this.#parts.cache.cut()]);
    }
    await this.containers.stop();
  }
}

interface Parts {
  /** At the database itself, for migrations. */
  readonly directUrl: string;
  /** PgBouncer itself. */
  readonly pooler: Address;
  /** The database, open, for a test to look and to write. */
  readonly sql: postgres.Sql;
  readonly database: Gate;
  readonly cache: Gate;
}

/** The variables of an API whose feed stays quiet. */
export function quietApi(database: string, cache: string): Record<string, string> {
  return {
    NODE_ENV: 'development',
    PORT: '0',
    API_BASE_URL: 'http://api.test',
    DATABASE_URL: database,
    REDIS_URL: cache,
    FEED: 'coingecko',
    COINGECKO_URL: 'http://127.0.0.1:1',
    FEED_INTERVAL_MS: '3600000',
    DRAIN_MS: '0',
    APP_VERSION: '1.2.3',
  };
}

/** A JSON answer, as far as the tests look into it. */
export async function get(url: string): Promise<{ status: number; headers: Headers; body: Json }> {
  const response = await fetch(url);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Json };
}
export interface Json {
  readonly [key: string]: unknown;
}

/** Asks again until `condition` holds. Throws after `ms`, with what was found last. */
export async function eventually<T>(
  ms: number,
  look: () => Promise<T>,
  condition: (found: T) => boolean,
): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const found = await look();
    if (condition(found)) return found;
    if (performance.now() > deadline) throw new Error(`still ${JSON.stringify(found)} after ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { EXPORTERS, type Exported, POOLER_SOCKET } from '../../../charts/exporters.ts';
import { SECRETS_FOLDER } from '../../../charts/pod.ts';
import { renderComponents } from '../../../charts/render.ts';
import { resolveEnvironment } from '../../../operator/api/resolved.ts';
import { find } from '../../unit/charts/environments.ts';
import { imageOf } from '../images.ts';

process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';

const PASSWORD = 'test-password';
const MEMORY_GIB = 0.25;
/** Room for all of PgBouncer's, and few enough to use up. */
export const MAX_CONNECTIONS = 60;
const POOLER_PORT = 6432;

export const environment = resolveEnvironment({
  metadata: { name: 'shop', namespace: 'market' },
  spec: { tier: 'production', release: { image: 'cryptosense-api:1.0.0' } },
  // PostgreSQL has no certificate here.
  status: { database: { members: [], tls: false } },
});

/** What the charts give PgBouncer, but for the name of PostgreSQL's host, which is `address` here. */
function poolerSettings(address: string): string {
  const { data } = find(renderComponents(environment).pooler, 'ConfigMap', 'shop-pooler');
  const { 'pgbouncer.ini': ini = '' } = data as Record<string, string>;
  return ini.replace('host=shop-database ', `host=${address} `);
}

/**
 * PostgreSQL, PgBouncer and Redis, each with its exporter beside it as the charts have it: the same image, arguments and
 * variables, and folders that both containers see, as those of a pod do.
 */
export class Monitored {
  readonly #folder = mkdtempSync(join(tmpdir(), 'cryptosense-monitored-'));
  readonly #containers: StartedTestContainer[] = [];
  /** Addresses of the exporters. */
  readonly targets = new Map<Exported, string>();
  database!: StartedTestContainer;
  sql!: postgres.Sql;
  #pooler!: StartedTestContainer;

  async start(): Promise<void> {
    const [run, socket, secrets] = ['run', 'socket', 'secrets'].map((name) => this.#shared(name));
    if (run === undefined || socket === undefined || secrets === undefined) return;
    this.database = await this.#start(
      new GenericContainer(imageOf('database'))
        .withEnvironment({
          POSTGRES_USER: 'postgres',
          POSTGRES_DB: 'cryptosense',
          POSTGRES_PASSWORD: PASSWORD,
          APP_USER: 'cryptosense',
          APP_PASSWORD: PASSWORD,
        })
        .withTmpFs({ '/var/lib/postgresql/data': 'rw,uid=1001,gid=1001,mode=0700' })
        .withBindMounts([{ source: run, target: '/var/run/postgresql' }])
        .withCommand(['-c', 'fsync=off', '-c', `max_connections=${MAX_CONNECTIONS}`])
        .withExposedPorts(5432),
      /database system is ready to accept connections/,
    );
    this.sql = this.connect('database', 'test');
    this.#pooler = await this.#start(
      new GenericContainer(imageOf('pooler'))
        .withCopyContentToContainer([
          {
            target: '/etc/pgbouncer/pgbouncer.ini',
            content: poolerSettings(this.database.getIpAddress('bridge')),
            mode: 0o644,
          },
          {
            target: `${SECRETS_FOLDER}/userlist.txt`,
            content: `"cryptosense" "${PASSWORD}"\n`,
            mode: 0o644,
          },
        ])
        .withBindMounts([{ source: socket, target: POOLER_SOCKET }])
        .withExposedPorts(POOLER_PORT),
      /process up/,
    );
    const cache = await this.#start(
      new GenericContainer(imageOf('cache')).withCommand(['--save', '', '--requirepass', PASSWORD]),
      /Ready to accept connections/,
    );
    const mounts: Record<Exported, { source: string; target: string }[]> = {
      database: [{ source: run, target: '/var/run/postgresql' }],
      pooler: [{ source: socket, target: POOLER_SOCKET }],
      cache: [],
    };
    for (const component of Object.keys(EXPORTERS) as Exported[])
      await this.#exporter(component, mounts[component], cache);
  }

  /** As many connections as PostgreSQL takes, opened when they are used. */
  connect(to: 'database' | 'pooler', applicationName: string): postgres.Sql {
    const [container, port] = to === 'database' ? [this.database, 5432] : [this.#pooler, POOLER_PORT];
    return postgres({
      host: container.getHost(),
      port: container.getMappedPort(port),
      username: 'cryptosense',
      password: PASSWORD,
      database: 'cryptosense',
      max: MAX_CONNECTIONS,
      prepare: false,
      connection: { application_name: applicationName },
      onnotice: () => {},
    });
  }

  async stop(): Promise<void> {
    await this.sql?.end({ timeout: 1 });
    await Promise.all(this.#containers.map((container) => container.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #exporter(
    component: Exported,
    mounts: { source: string; target: string }[],
    cache: StartedTestContainer,
  ): Promise<void> {
    const { args, env, port } = EXPORTERS[component];
    const variables = Object.fromEntries(env(environment).map(({ name, value }) => [name, value ?? '']));
    const isCache = component === 'cache';
    const container = new GenericContainer(imageOf('exporters'))
      .withEnvironment(variables)
      .withCommand([...args])
      .withBindMounts(mounts)
      .withCopyContentToContainer(
        isCache
          ? [{ target: variables.CACHE_AUTH ?? '', content: `requirepass ${PASSWORD}\n`, mode: 0o644 }]
          : [],
      );
    // As containers of a pod these share their network: localhost is Redis.
    const placed = isCache
      ? container.withNetworkMode(`container:${cache.getId()}`)
      : container.withExposedPorts(port);
    const started = await this.#start(placed, /[Ll]istening on|Providing metrics/);
    this.targets.set(
      component,
      isCache
        ? `${cache.getIpAddress('bridge')}:${port}`
        : `${started.getHost()}:${started.getMappedPort(port)}`,
    );
  }

  async #start(container: GenericContainer, ready: RegExp): Promise<StartedTestContainer> {
    const started = await container
      .withResourcesQuota({ memory: MEMORY_GIB })
      .withWaitStrategy(Wait.forLogMessage(ready))
      .withStartupTimeout(90_000)
      .start();
    this.#containers.push(started);
    return started;
  }

  /** A folder that containers share, as those of a pod share a volume; theirs is another user than ours. */
  #shared(name: string): string {
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    return folder;
  }
}

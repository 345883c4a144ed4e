import { GenericContainer, Network, type StartedTestContainer, Wait } from 'testcontainers';
import { docker } from '../../local/docker.ts';
import { imageOf } from './images.ts';

// The reaper is an image from a registry; `stop` below does its work.
process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';

const NAME = 'cryptosense';
const PASSWORD = 'test-password';
const STARTUP_MS = 90_000;

/** An address on this machine. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A URL for the database's own user, at the database or at something in front of it. */
export const databaseUrl = ({ host, port }: Address, password = PASSWORD): string =>
  `postgresql://${NAME}:${password}@${host}:${port}/${NAME}`;

/** A URL for Redis, or for something in front of it. */
export const cacheUrl = ({ host, port }: Address): string => `redis://:${PASSWORD}@${host}:${port}`;

/** The programs of the database image, beside a running server. */
export interface DatabaseTools {
  run(command: string[], env?: Record<string, string>): Promise<{ exitCode: number; output: string }>;
  /** What psql prints of a query, without decoration. */
  ask(query: string): Promise<{ exitCode: number; output: string }>;
}

/** Containers of one test file. Each `start…` resolves when the server in it answers. */
export class Containers {
  readonly #started: { stop(): Promise<unknown> }[] = [];
  #network: Awaited<ReturnType<Network['start']>> | undefined;
  #database: StartedTestContainer | undefined;

  /** PostgreSQL 15; its user `cryptosense` owns everything. `survives`: its data outlives a crash, which memory does not. */
  async startDatabase(options: { survives?: boolean } = {}): Promise<Address> {
    const network = await this.#networkOfAll();
    const container = new GenericContainer(imageOf('database'))
      .withEnvironment({ POSTGRES_USER: NAME, POSTGRES_DB: NAME, POSTGRES_PASSWORD: PASSWORD })
      .withCommand(['-c', 'fsync=off'])
      .withNetwork(network)
      .withNetworkAliases('database')
      .withExposedPorts(5432);
    if (!options.survives)
      container.withTmpFs({ '/var/lib/postgresql/data': 'rw,uid=1001,gid=1001,mode=0700' });
    const address = await this.#start(container, 5432);
    this.#database = this.#started.at(-1) as StartedTestContainer;
    return address;
  }

  /** kill -9 for PostgreSQL and all its processes, in the middle of whatever they do. */
  async crashDatabase(): Promise<void> {
    await this.#engine('kill', '--signal', 'KILL');
  }

  /** Starts PostgreSQL again after a crash, on the same data. Its port on this machine may be another one; PgBouncer finds it. */
  async restartDatabase(): Promise<void> {
    await this.#engine('start');
  }

  /** Ends every session of the database from within, as a fast shutdown does. */
  async endSessions(): Promise<void> {
    const query =
      "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";
    const psql = ['psql', '-h', '/var/run/postgresql', '-U', NAME, '-d', NAME, '-At', '-c', query];
    const { exitCode, output } = (await this.#database?.exec(psql)) ?? { exitCode: 1, output: 'no database' };
    if (exitCode !== 0) throw new Error(`the sessions could not be ended: ${output}`);
  }

  async #engine(...command: string[]): Promise<void> {
    if (!this.#database) throw new Error('the database has not been started');
    const step = 'Crashing a database of a test';
    await docker(process.env.DOCKER_HOST ?? '', [...command, this.#database.getId()], { step });
  }

  /** The database image with at most 1 GiB of memory: settings that are tried may ask for all of the machine's. */
  async startDatabaseTools(): Promise<DatabaseTools> {
    const container = await new GenericContainer(imageOf('database'))
      .withEnvironment({ POSTGRES_PASSWORD: PASSWORD })
      .withTmpFs({
        '/var/lib/postgresql/data': 'rw,uid=1001,gid=1001,mode=0700',
        '/etc/cryptosense/postgresql.d': 'rw,uid=1001,gid=1001,mode=0700',
      })
      .withResourcesQuota({ memory: 1 })
      .withWaitStrategy(Wait.forLogMessage(readyMessage))
      .withStartupTimeout(STARTUP_MS)
      .start();
    this.#started.push(container);
    const run: DatabaseTools['run'] = async (command, env = {}) => {
      const { exitCode, output } = await container.exec(command, { env });
      return { exitCode, output: output.trim() };
    };
    const psql = ['psql', '-h', '/var/run/postgresql', '-U', 'postgres', '-At', '-c'];
    return { run, ask: (query) => run([...psql, query]) };
  }

  /** PgBouncer in transaction pooling, in front of the database of this test file. */
  async startPooler(): Promise<Address> {
    const network = await this.#networkOfAll();
    const config = [
      '[databases]',
      `${NAME} = host=database port=5432 dbname=${NAME}`,
      '[pgbouncer]',
      'listen_addr = *',
      'listen_port = 6432',
      'unix_socket_dir =',
      'auth_type = scram-sha-256',
      'auth_file = /etc/pgbouncer/userlist.txt',
      'pool_mode = transaction',
      'max_client_conn = 1000',
      'default_pool_size = 25',
      'reserve_pool_size = 5',
      // After one failed connection to the database PgBouncer refuses every client for 15 s unless told otherwise.
      'server_login_retry = 1',
      '',
    ];
    return this.#start(
      new GenericContainer(imageOf('pooler'))
        .withCopyContentToContainer([
          { target: '/etc/pgbouncer/pgbouncer.ini', content: config.join('\n'), mode: 0o644 },
          { target: '/etc/pgbouncer/userlist.txt', content: `"${NAME}" "${PASSWORD}"\n`, mode: 0o644 },
        ])
        .withNetwork(network)
        .withExposedPorts(6432),
      6432,
    );
  }

  /** Redis with a password, as in a cluster. */
  async startCache(): Promise<Address> {
    const container = new GenericContainer(imageOf('cache'))
      .withCommand(['--save', '', '--bind', '0.0.0.0', '--requirepass', PASSWORD])
      .withExposedPorts(6379);
    return this.#start(container, 6379);
  }

  /** Stops all of them, in a test file's `after`. */
  async stop(): Promise<void> {
    await Promise.all(this.#started.map((container) => container.stop()));
    await this.#network?.stop();
  }

  async #networkOfAll() {
    this.#network ??= await new Network().start();
    return this.#network;
  }

  async #start(container: GenericContainer, port: number): Promise<Address> {
    const started: StartedTestContainer = await container
      // Not Wait.forListeningPorts: it looks inside with a shell, which most of the images do not have.
      .withWaitStrategy(Wait.forLogMessage(readyMessage))
      .withStartupTimeout(STARTUP_MS)
      .start();
    this.#started.push(started);
    return { host: started.getHost(), port: started.getMappedPort(port) };
  }
}

/** What PostgreSQL, PgBouncer and Redis say when they accept connections. */
const readyMessage = /database system is ready to accept connections|process up|Ready to accept connections/;

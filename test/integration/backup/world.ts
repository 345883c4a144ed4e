import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { BackupSettings } from '../../../backup/settings.ts';
import { BACKUP_FOLDER, pgbackrestSettings } from '../../../operator/backup/pgbackrest-settings.ts';
import { type BackupRecord, parseRecord } from '../../../operator/backup/record.ts';
import { recordKey, stanzaOf } from '../../../operator/backup/repository.ts';
import { imageOf } from '../images.ts';
import { eventually } from '../processes.ts';
import { STORAGE_HOST, Storage } from './storage.ts';

const PROGRAM = ['node', '/usr/local/lib/cryptosense/backup.mjs'];
const PASSWORD = 'database-password';
const DATABASE = 'cryptosense';
export const PASSPHRASE = 'a passphrase for tests';
export const BUCKET = 'backups';

/** What differs from an ordinary environment. */
export interface WorldOptions {
  /** Name of the environment: its backups are under market/<name>. */
  name?: string;
  storage?: Storage;
  /** The data are on a volume of the disk, for a database that does not fit into memory. */
  onDisk?: boolean;
  /** Of the container, as the engine reads it. */
  memory?: string;
  /** A folder of this machine for PostgreSQL's socket, where something beside it is to see that. */
  run?: string;
}

export interface Ran {
  readonly exitCode: number;
  readonly output: string;
}

/**
 * One database as a cluster runs it, with its agent, and the storage that its backups go to: the image's own PostgreSQL,
 * pgBackRest and program. A container stands for a pod; settings and secrets are files in it, as a volume gives them.
 */
export class BackupWorld {
  readonly name: string;
  readonly storage: Storage;
  readonly settings: BackupSettings;
  readonly container: string;
  readonly #ownsStorage: boolean;
  readonly #options: WorldOptions;

  private constructor(name: string, storage: Storage, options: WorldOptions) {
    this.name = name;
    this.storage = storage;
    this.#options = options;
    this.#ownsStorage = options.storage === undefined;
    this.container = `backup-test-${name}-${process.pid}-${Date.now().toString(36)}`;
    this.settings = {
      environment: name,
      namespace: 'market',
      stanza: stanzaOf(name),
      prefix: `market/${name}`,
      bucket: { endpoint: storage.endpoint, region: 'us-east-1', name: BUCKET },
      schedule: '0 2 * * *',
      retention: { daily: 7, weekly: 4, monthly: 6 },
      database: { host: 'localhost', name: DATABASE, members: 'localhost' },
    };
  }

  /** Resolves when the database answers. The agent is not there yet. */
  static async start(options: WorldOptions = {}): Promise<BackupWorld> {
    const { name = 'shop', storage } = options;
    const its = storage ?? (await Storage.start());
    const world = new BackupWorld(name, its, options);
    try {
      if (!storage) await its.createBucket(BUCKET);
      await world.#startDatabase();
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  /** Runs a command in the database's container; never throws. */
  async exec(command: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
    const variables = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
    const args = ['exec', ...variables, this.container, ...command];
    const { exitCode = -1, stdout, stderr } = await execa('docker', args, { reject: false });
    return { exitCode, output: `${stdout}\n${stderr}`.trim() };
  }

  /** What psql prints of a query, without decoration. Throws when it fails. */
  async query(sql: string, database = DATABASE): Promise<string> {
    const { exitCode, output } = await this.exec([
      ...[
        'psql',
        '-h',
        '/var/run/postgresql',
        '-U',
        'postgres',
        '-d',
        database,
        '-v',
        'ON_ERROR_STOP=1',
        '-qAtc',
        sql,
      ],
    ]);
    if (exitCode !== 0) throw new Error(output);
    return output;
  }

  /** A table of the application's, prices, gets so many rows. */
  async fill(rows: number): Promise<void> {
    const table =
      'create table if not exists prices (coin text, price numeric, time timestamptz default now())';
    const insert = `insert into prices select 'BTC', i from generate_series(1, ${rows}) i`;
    await this.query(`${table}; alter table prices owner to cryptosense; ${insert}`);
  }

  /** One command of the program, as a Job runs it: without a cluster, so that only the bucket keeps what became of it. */
  program(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
    return this.exec([...PROGRAM, ...args], {
      SCRATCH_FOLDER: '/tmp/scratch',
      DEADLINE_SECONDS: '120',
      ...env,
    });
  }

  /** Starts the agent and waits until the archive can be used; `isReady` false: only until it answers. */
  async startAgent({ isReady = true } = {}): Promise<void> {
    const shell = `exec ${PROGRAM.join(' ')} agent > /tmp/agent.log 2>&1`;
    await docker('exec', '--detach', this.container, 'sh', '-c', shell);
    await eventually('the agent is there', async () => {
      const state = await this.archive();
      return state !== undefined && (!isReady || state.stanzaProblem === undefined);
    });
  }

  /** Puts everything that was written until now into the bucket. */
  async archived(deadlineMs = 30_000): Promise<void> {
    const segment = await this.query('select pg_walfile_name(pg_switch_wal())');
    const isThere = `select last_archived_wal >= '${segment}' from pg_stat_archiver`;
    await eventually('the log is in the bucket', async () => (await this.query(isThere)) === 't', deadlineMs);
  }

  /** What the agent says of the archive; undefined when it does not answer. */
  async archive(): Promise<Record<string, unknown> | undefined> {
    const { exitCode, output } = await this.exec(['curl', '-sf', '-m', '5', 'http://localhost:8432/archive']);
    return exitCode === 0 ? (JSON.parse(output) as Record<string, unknown>) : undefined;
  }

  /** Keys of the newest versions in the bucket, those that are deleted left out. */
  async keys(): Promise<string[]> {
    const bucket = this.storage.bucket(BUCKET);
    const found = await bucket.list('');
    bucket.close();
    return found.map(({ key }) => key);
  }

  /** The record that the bucket has of a backup. */
  async record(name: string): Promise<BackupRecord | undefined> {
    const bucket = this.storage.bucket(BUCKET);
    const key = recordKey(this.settings.prefix, name);
    const text = await bucket.text(key);
    bucket.close();
    return text === undefined ? undefined : parseRecord(key, text);
  }

  /** Replaces settings and secrets in the container. */
  async writeFiles(
    secrets: { passphrase?: string; secretKey?: string; settings?: Partial<BackupSettings> } = {},
  ): Promise<void> {
    const settings = { ...this.settings, ...secrets.settings };
    const files: Record<string, string> = {
      'settings.json': JSON.stringify(settings),
      stanza: settings.stanza,
      'pgbackrest.conf': pgbackrestSettings({
        bucket: settings.bucket,
        prefix: settings.prefix,
        hasOwnAuthority: true,
      }),
      'access-key-id': this.storage.accessKeyId,
      'secret-access-key': secrets.secretKey ?? this.storage.secretAccessKey,
      passphrase: secrets.passphrase ?? PASSPHRASE,
      'ca.crt': this.storage.ca,
      MIGRATION_DATABASE_URL: `postgresql://cryptosense:${PASSWORD}@localhost:5432/${DATABASE}`,
    };
    const folder = await mkdtemp(join(tmpdir(), 'backup-files-'));
    for (const [name, text] of Object.entries(files))
      await writeFile(join(folder, name), text, { mode: 0o644 });
    await chmod(folder, 0o755);
    await docker('cp', `${folder}/.`, `${this.container}:${BACKUP_FOLDER}`);
    await rm(folder, { recursive: true });
  }

  async stop(): Promise<void> {
    await docker('rm', '--force', '--volumes', this.container).catch(() => '');
    if (this.#ownsStorage) await this.storage.stop();
  }

  async #startDatabase(): Promise<void> {
    const archive = [
      'archive_mode=on',
      'archive_command=pgbackrest-repository.sh archive-push %p',
      'archive_timeout=60',
    ];
    const variables = {
      POSTGRES_USER: 'postgres',
      POSTGRES_DB: DATABASE,
      POSTGRES_PASSWORD: PASSWORD,
      APP_USER: 'cryptosense',
      APP_PASSWORD: PASSWORD,
    };
    await docker(
      ...[
        'create',
        '--name',
        this.container,
        '--memory',
        this.#options.memory ?? '768m',
        '--add-host',
        `${STORAGE_HOST}:host-gateway`,
      ],
      ...Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      ...['--cap-drop', 'ALL'],
      // A volume without a name goes with its container.
      ...(this.#options.onDisk
        ? ['--volume', '/var/lib/postgresql/data']
        : ['--tmpfs', '/var/lib/postgresql/data:uid=1001,gid=1001,mode=0700']),
      ...(this.#options.run === undefined ? [] : ['--volume', `${this.#options.run}:/var/run/postgresql`]),
      ...[imageOf('database'), '-c', 'fsync=off', ...archive.flatMap((setting) => ['-c', setting])],
    );
    await this.writeFiles();
    await docker('start', this.container);
    await eventually('the database answers', async () => {
      const { exitCode } = await this.exec(['pg_isready', '-q', '-h', '/var/run/postgresql']);
      return exitCode === 0;
    });
  }
}

/** Fails with the text, when it does not match. */
export function says(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`${pattern} does not match: ${text}`);
}

async function docker(...args: string[]): Promise<string> {
  const { stdout } = await execa('docker', args);
  return stdout;
}

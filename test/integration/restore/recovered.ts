import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { pgbackrestSettings } from '../../../operator/backup/pgbackrest-settings.ts';
import type { Target } from '../../../operator/restore/world.ts';
import { STORAGE_HOST, type Storage } from '../backup/storage.ts';
import { BUCKET, PASSPHRASE } from '../backup/world.ts';
import { imageOf } from '../images.ts';
import { eventually } from '../processes.ts';

const FOLDER = '/etc/cryptosense/recovery';

/** Password of the application in the new environment. */
const NEW_PASSWORD = 'another-password';

/** A database that is made from the backups of another, as the pod of a new environment does it, in a container. */
export class RecoveredDatabase {
  readonly container: string;

  private constructor(container: string) {
    this.container = container;
  }

  /** `prefix`: where in the bucket the backups are. Resolves when the container runs. */
  static async start(
    storage: Storage,
    {
      prefix,
      target = {},
      passphrase = PASSPHRASE,
    }: { prefix: string; target?: Target; passphrase?: string },
  ): Promise<RecoveredDatabase> {
    const name = `recovery-test-${process.pid}-${Date.now().toString(36)}`;
    const database = new RecoveredDatabase(name);
    const variables = {
      POSTGRES_USER: 'postgres',
      POSTGRES_DB: 'cryptosense_dev',
      POSTGRES_PASSWORD: NEW_PASSWORD,
      APP_USER: 'cryptosense',
      APP_PASSWORD: NEW_PASSWORD,
      RECOVERY_FOLDER: FOLDER,
      RECOVERY_TARGET: JSON.stringify(target),
    };
    await execa('docker', [
      // What the pod of the smallest tier has.
      ...['create', '--name', name, '--memory', '256m', '--cap-drop', 'ALL'],
      ...['--add-host', `${STORAGE_HOST}:host-gateway`],
      ...Object.entries(variables).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
      // A volume, because the container may be started again and has to find what was done.
      ...['--volume', `${name}:/var/lib/postgresql/data`, imageOf('database'), '-c', 'fsync=off'],
    ]);
    await database.#writeFiles(storage, prefix, passphrase);
    await execa('docker', ['start', name]);
    return database;
  }

  async answers(): Promise<void> {
    await eventually(
      'the recovered database answers',
      async () => {
        const { exitCode } = await this.exec(['pg_isready', '-q', '-h', '/var/run/postgresql']);
        if (exitCode !== 0 && !(await this.runs())) throw new Error(await this.log());
        return exitCode === 0;
      },
      // Seconds, but on a machine that has much else to do.
      120_000,
    );
  }

  /** Resolves when the container has ended. */
  async ends(): Promise<void> {
    await eventually('the container ends', async () => !(await this.runs()));
  }

  async runs(): Promise<boolean> {
    const { stdout } = await execa('docker', ['inspect', '--format', '{{.State.Running}}', this.container]);
    return stdout.trim() === 'true';
  }

  /** kill -9 of everything in it, and a start. */
  async killed(): Promise<void> {
    await execa('docker', ['kill', this.container]);
    await execa('docker', ['start', this.container]);
  }

  async exec(command: readonly string[]): Promise<{ exitCode: number; output: string }> {
    const {
      exitCode = -1,
      stdout,
      stderr,
    } = await execa('docker', ['exec', this.container, ...command], {
      reject: false,
    });
    return { exitCode, output: `${stdout}\n${stderr}`.trim() };
  }

  /** What psql prints of a query, as the application over the network: with the password of this environment. */
  async query(
    sql: string,
    login = `postgresql://cryptosense:${NEW_PASSWORD}@localhost/cryptosense_dev`,
  ): Promise<string> {
    const { exitCode, output } = await this.exec(['psql', login, '-v', 'ON_ERROR_STOP=1', '-qAtc', sql]);
    if (exitCode !== 0) throw new Error(output);
    return output;
  }

  async log(): Promise<string> {
    const { stdout, stderr } = await execa('docker', ['logs', this.container], { reject: false });
    return `${stdout}\n${stderr}`;
  }

  async stop(): Promise<void> {
    await execa('docker', ['rm', '--force', '--volumes', this.container], { reject: false });
    await execa('docker', ['volume', 'rm', '--force', this.container], { reject: false });
  }

  async #writeFiles(storage: Storage, prefix: string, passphrase: string): Promise<void> {
    const bucket = { endpoint: storage.endpoint, region: 'us-east-1', name: BUCKET };
    const files: Record<string, string> = {
      'settings.json': JSON.stringify({ prefix, bucket }),
      stanza: 'none',
      'pgbackrest.conf': pgbackrestSettings({ bucket, prefix, hasOwnAuthority: true, folder: FOLDER }),
      'access-key-id': storage.accessKeyId,
      'secret-access-key': storage.secretAccessKey,
      passphrase,
      'ca.crt': storage.ca,
    };
    const folder = await mkdtemp(join(tmpdir(), 'recovery-files-'));
    for (const [name, text] of Object.entries(files))
      await writeFile(join(folder, name), text, { mode: 0o644 });
    await chmod(folder, 0o755);
    await execa('docker', ['cp', `${folder}/.`, `${this.container}:${FOLDER}`]);
    await rm(folder, { recursive: true });
  }
}

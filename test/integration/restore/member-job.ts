import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { parseResult, type RestoreResult } from '../../../operator/restore/result.ts';
import type { Target } from '../../../operator/restore/world.ts';
import { STORAGE_HOST } from '../backup/storage.ts';
import type { BackupWorld } from '../backup/world.ts';
import { docker } from '../database/docker.ts';
import { PASSWORD } from '../database/group.ts';
import { APP_PASSWORD } from '../database/group-pooler.ts';
import { imageOf } from '../images.ts';

const FOLDER = '/etc/cryptosense/backup';

/** The Job of a restore in place: a container that has the volume of a member, and settings and secrets of backups. */
export class MemberJob {
  readonly #container: string;

  private constructor(container: string) {
    this.#container = container;
  }

  static async create(
    world: BackupWorld,
    { volume, generation, target }: { volume: string; generation: string; target: Target },
  ): Promise<MemberJob> {
    const job = new MemberJob(`restore-job-${process.pid}-${Date.now().toString(36)}`);
    const variables = {
      PGDATA: '/var/lib/postgresql/data/pgdata',
      POSTGRES_USER: 'postgres',
      POSTGRES_DB: 'cryptosense_dev',
      POSTGRES_PASSWORD: PASSWORD,
      APP_USER: 'cryptosense',
      APP_PASSWORD,
      DATA_GENERATION: generation,
      RESTORE_TARGET: JSON.stringify(target),
      RESULT_FILE: '/tmp/result',
      DEADLINE_SECONDS: '120',
    };
    await docker(
      ...['create', '--name', job.#container, '--memory', '512m', '--cap-drop', 'ALL'],
      ...['--add-host', `${STORAGE_HOST}:host-gateway`, '--volume', `${volume}:/var/lib/postgresql/data`],
      ...Object.entries(variables).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
      ...[imageOf('database'), 'node', '/usr/local/lib/cryptosense/backup.mjs', 'in-place'],
    );
    const folder = await mkdtemp(join(tmpdir(), 'restore-job-'));
    await docker('cp', `${world.container}:${FOLDER}/.`, folder);
    await chmod(folder, 0o755);
    await docker('cp', `${folder}/.`, `${job.#container}:${FOLDER}`);
    await rm(folder, { recursive: true });
    return job;
  }

  /** Runs it to its end. */
  async run(): Promise<{ exitCode: number; result: RestoreResult | undefined; output: string }> {
    const { exitCode = -1, all } = await execa('docker', ['start', '--attach', this.#container], {
      reject: false,
      all: true,
    });
    const last = all.trim().split('\n').at(-1);
    return { exitCode, result: parseResult(last), output: all };
  }

  async start(): Promise<void> {
    await docker('start', this.#container);
  }

  /** Whatever it is doing; it may also be done. */
  async kill(): Promise<void> {
    await docker('kill', this.#container).catch(() => '');
  }

  async remove(): Promise<void> {
    await docker('rm', '--force', this.#container).catch(() => '');
  }
}

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeClient } from '../../operator/kube/transport.ts';
import { type JobContainer, type LastWords, runJobPods } from './job-kubelet.ts';

const main = join(import.meta.dirname, '..', '..', 'app', 'main.ts');

/**
 * The kubelet for pods of migrations, which KWOK only calls Running: it runs the application's own command, with the arguments
 * and variables of the container, against the database at `url`, and reports its exit code and last words. `migrationsOf` finds
 * the folder that the image has. Ends with `signal`.
 */
export async function runMigrationPods(
  client: KubeClient,
  options: { url: string; migrationsOf: (image: string) => string; signal: AbortSignal },
): Promise<void> {
  const { signal } = options;
  await runJobPods(client, {
    component: 'migration',
    signal,
    run: (container) => execute(container, options.url, options.migrationsOf(container.image)),
  });
}

function execute({ args, env }: JobContainer, url: string, migrations: string): Promise<LastWords> {
  const lastWords = join(mkdtempSync(join(tmpdir(), 'cryptosense-last-words-')), 'log');
  writeFileSync(lastWords, '');
  const given = Object.fromEntries(env.map(({ name, value = '' }) => [name, value]));
  const variables = {
    ...given,
    NODE_ENV: 'production',
    MIGRATION_DATABASE_URL_FILE: '',
    MIGRATION_DATABASE_URL: url,
    // This PostgreSQL has no certificate.
    PGSSLROOTCERT: undefined,
    MIGRATIONS_DIR: migrations,
    MIGRATION_RESULT_FILE: lastWords,
  };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { env: variables, stdio: 'ignore' });
    child.once('exit', (code) =>
      resolve({ exitCode: code ?? 137, message: readFileSync(lastWords, 'utf8').slice(0, 4096) }),
    );
  });
}

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RESOURCES } from '../../operator/environment/resources.ts';
import { mergePatch } from '../../operator/kube/apply.ts';
import { silentLog } from '../../operator/kube/log.ts';
import { Reflector } from '../../operator/kube/reflector.ts';
import type { KubeObject } from '../../operator/kube/resources.ts';
import type { KubeClient } from '../../operator/kube/transport.ts';

interface Container {
  name: string;
  image: string;
  args: string[];
  env: { name: string; value?: string }[];
}

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
  const seen = new Set<string>();
  const pods = new Reflector({
    client,
    resource: RESOURCES.pods,
    labelSelector: 'app.kubernetes.io/component=migration',
    log: silentLog,
    onChange: (event, pod) => {
      const { uid = '' } = pod.metadata;
      const { phase } = (pod.status ?? {}) as { phase?: string };
      if (event === 'deleted' || phase !== 'Running' || seen.has(uid)) return;
      seen.add(uid);
      void run(client, pod, options).catch((error: unknown) => {
        if (!options.signal.aborted) console.error(error);
      });
    },
  });
  void pods.start(options.signal);
  await pods.synced;
}

async function run(
  client: KubeClient,
  pod: KubeObject,
  { url, migrationsOf }: { url: string; migrationsOf: (image: string) => string },
): Promise<void> {
  const [container] = (pod.spec as { containers: [Container] }).containers;
  const startedAt = new Date().toISOString();
  const { exitCode, message } = await execute(container, url, migrationsOf(container.image));
  const terminated = {
    exitCode,
    message,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    startedAt,
    finishedAt: new Date().toISOString(),
  };
  const { name, image } = container;
  const status = {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    containerStatuses: [
      { name, image, imageID: '', ready: false, restartCount: 0, started: false, state: { terminated } },
    ],
  };
  const { namespace, name: podName } = pod.metadata;
  await mergePatch(client, RESOURCES.pods, namespace, podName, { status }, { subresource: 'status' });
}

function execute(
  { args, env }: Container,
  url: string,
  migrations: string,
): Promise<{ exitCode: number; message: string }> {
  const lastWords = join(mkdtempSync(join(tmpdir(), 'cryptosense-last-words-')), 'log');
  writeFileSync(lastWords, '');
  const given = Object.fromEntries(env.map(({ name, value = '' }) => [name, value]));
  const variables = {
    ...given,
    NODE_ENV: 'production',
    MIGRATION_DATABASE_URL_FILE: '',
    MIGRATION_DATABASE_URL: url,
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

import { spawn } from 'node:child_process';
import { databaseName, LABELS } from '../../operator/api/resolved.ts';
import { RESOURCES } from '../../operator/environment/resources.ts';
import type { KubeObject } from '../../operator/kube/resources.ts';
import { findEnvironment } from '../cluster/environments.ts';
import { readAll } from '../cluster/parts.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import type { Session } from '../session.ts';
import { isReady } from '../status/pods.ts';

const ROLE = 'cryptosense.io/role';

/** The pod that takes writes: the one that is labelled so, or the only one there is. Pure. */
export function primaryOf(pods: readonly KubeObject[]): KubeObject | undefined {
  const ready = pods.filter(isReady);
  return (
    ready.find(({ metadata }) => ['primary', 'master'].includes(metadata.labels?.[ROLE] ?? '')) ?? ready[0]
  );
}

/** `psql`: a session at the database, by `kubectl exec` into its pod, where no password is needed. */
export async function psql(
  session: Session,
  name: string | undefined,
  { args }: { args: readonly string[] },
): Promise<ExitCode> {
  const environment = await findEnvironment(session, name);
  const { namespace, name: own } = environment.metadata;
  await assertMayExec(session, namespace, own);
  const { items } = await readAll(session, {
    resource: RESOURCES.pods,
    namespace,
    labelSelector: `${LABELS.environment}=${own},${LABELS.component}=database`,
  });
  const pod = primaryOf(items);
  if (pod === undefined)
    throw new CliError(
      `No pod of the database of ${own} is ready: kubectl cryptosense status ${own} says why, and docs/runbooks/database-not-ready.md what to do.`,
      EXIT.no,
    );
  const { canAsk } = session.terminal;
  const command = [
    ...session.kubectlFlags,
    'exec',
    canAsk ? '-it' : '-i',
    pod.metadata.name,
    '--container=database',
    '--',
    'psql',
    `--dbname=${databaseName(environment.spec.tier)}`,
    ...args,
  ];
  return run(command);
}

/** Asked before anything is started, so that the answer is a sentence and not a stack of kubectl's. */
async function assertMayExec(
  { client, signal }: Session,
  namespace: string,
  environment: string,
): Promise<void> {
  const { status } = await client.request<{ status?: { allowed?: boolean } }>({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { namespace, verb: 'create', resource: 'pods', subresource: 'exec' } },
    },
    signal,
  });
  if (status?.allowed) return;
  throw new CliError(
    `You may not run a program in the pods of namespace ${namespace} (create pods/exec). Ask for that right; or, if you may read Secret ${environment}-credentials and forward ports: kubectl -n ${namespace} port-forward svc/${environment}-database 5432, then psql -h localhost with the user and the password of its MIGRATION_DATABASE_URL.`,
    EXIT.rights,
  );
}

function run(command: readonly string[]): Promise<ExitCode> {
  return new Promise((resolve, reject) => {
    const child = spawn('kubectl', command, { stdio: 'inherit' });
    // Ctrl-C is psql's own: it ends a query there, not the session.
    const ignore = () => {};
    process.on('SIGINT', ignore);
    child.once('error', (error: NodeJS.ErrnoException) => {
      process.off('SIGINT', ignore);
      if (error.code !== 'ENOENT') return reject(error);
      return reject(
        new CliError('kubectl is not on the PATH, and psql goes through it: install kubectl.', EXIT.usage),
      );
    });
    child.once('exit', (code) => {
      process.off('SIGINT', ignore);
      resolve(code === 0 ? EXIT.done : EXIT.no);
    });
  });
}

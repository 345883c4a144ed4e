import { type Environment, LABELS, names, releaseInputs, resolveEnvironment } from '../api/resolved.ts';
import { type Deliveries, NOTHING_DELIVERED } from '../notifications/deliveries.ts';
import type { Measured } from '../rollout/analysis/measured.ts';
import { revisionOf } from '../rollout/revision.ts';
import { progressOf } from '../rollout/schema.ts';
import type { RevisionView } from '../rollout/state.ts';
import type { ArchiveLook } from './archive-watch.ts';
import { CUSTOM_METRICS } from './autoscaling.ts';
import { migrationInput } from './backups.ts';
import type { Caches } from './caches.ts';
import { membersIn, withPrimary } from './database-members.ts';
import type { FormRecord } from './forms.ts';
import type { Refusals } from './growth.ts';
import { schemaOf } from './migrations.ts';
import { routeView } from './route.ts';
import { endpointsOf } from './router.ts';
import { readyAddresses, serviceView } from './service-route.ts';
import type { Live, RevisionRecord, Snapshot } from './snapshot.ts';
import { cacheGroup, podProblem, workloadOf } from './workloads.ts';

/** The caches' picture of one environment. No I/O. */
export function observe(
  caches: Pick<Caches, 'get' | 'of' | 'has' | 'serves'>,
  environment: Environment,
  seen: {
    now: number;
    credentials: boolean;
    /** When the gateway's answer for the route's newest generation was first seen. */
    answeredAt?: number;
    refusals?: Refusals;
    /** What was measured and is not in status yet. */
    measured?: readonly Measured[];
    deliveries?: Deliveries;
    archive?: ArchiveLook | undefined;
  },
): Snapshot {
  const resolved = resolveEnvironment(environment);
  const { name, namespace } = resolved;
  const its = names(name);
  const of = (kind: string) => caches.of(kind, namespace, name);
  // An object of another environment is not there for this one, whatever its name is.
  const own = (kind: string, object: string) => {
    const live = caches.get(kind, namespace, object);
    return live?.metadata.labels?.[LABELS.environment] === name ? live : undefined;
  };
  // StatefulSets have ControllerRevisions of their own, which carry the labels of their pods.
  const records = of('ControllerRevision')
    .filter((live) => live.metadata.labels?.[LABELS.revision] !== undefined)
    .map(recordOf);
  const formRecords = of('ControllerRevision')
    .filter((live) => live.metadata.labels?.[LABELS.keeps] === 'forms')
    .sort((a, b) => (b.revision as number) - (a.revision as number));
  const refusals: Refusals = seen.refusals ?? new Map();
  const claims = of('PersistentVolumeClaim');
  const pods = of('Pod');
  const podsOf = (component: string) =>
    pods.filter((pod) => pod.metadata.labels?.[LABELS.component] === component);

  const views = records.map((record): RevisionView => {
    const deployment = own('Deployment', its.revision(record.revision));
    const mine = pods.filter((pod) => pod.metadata.labels?.[LABELS.revision] === record.revision);
    const schema = schemaOf(name, record.revision, (job) => own('Job', job), mine);
    const { state = 'absent', problem: migrationProblem } = schema ? progressOf(schema) : {};
    const serving = mine.filter((pod) => pod.metadata.labels?.[LABELS.component] === 'api');
    const problem = migrationProblem ?? podProblem(serving);
    return {
      revision: record.revision,
      number: record.number,
      image: record.inputs.image,
      ...(deployment ? { replicas: (deployment.spec as { replicas?: number }).replicas ?? 1 } : {}),
      ready: new Set(readyAddresses(of('EndpointSlice'), its.revision(record.revision))).size,
      pods: serving.filter(isThere).length,
      migration: state,
      ...(schema ? { schema } : {}),
      ...(problem ? { problem } : {}),
    };
  });

  const { answeredAt } = seen;
  const byService = resolved.spec.routing.mode === 'service';
  const route = own(byService ? 'Service' : 'HTTPRoute', its.api);
  const routed = (live: Live) =>
    byService
      ? serviceView(live, endpointsOf(caches, resolved), views, { now: seen.now, answeredAt })
      : routeView(live, resolved, seen.now, answeredAt);
  const redis = workloadOf('Redis', own('StatefulSet', its.cache), {
    pods: podsOf('cache'),
    volumes: { size: resolved.spec.cache.storage, claims, refusals },
  });
  const sentinels = workloadOf('Sentinel', own('StatefulSet', its.sentinel), {
    pods: podsOf('sentinel'),
  });
  return {
    now: seen.now,
    environment,
    resolved,
    desired: revisionOf(releaseInputs(resolved)),
    records,
    views,
    measured: seen.measured ?? [],
    forms: formRecords[0] && formsOf(formRecords[0]),
    oldForms: formRecords.slice(1).map(({ metadata }) => metadata.name),
    route: route && routed(route),
    migration: migrationInput(environment, resolved.spec.release.migration, {
      backups: of('CryptoSenseBackup'),
      backupsEnabled: resolved.spec.backup.enabled,
    }),
    customMetrics: caches.serves(CUSTOM_METRICS),
    refusals,
    workloads: {
      database: withPrimary(
        workloadOf('PostgreSQL', own('StatefulSet', its.database), {
          pods: podsOf('database'),
          volumes: { size: resolved.spec.database.storage, claims, refusals },
        }),
        membersIn(pods),
      ),
      pooler: workloadOf('PgBouncer', own('Deployment', its.pooler), {
        pods: podsOf('pooler'),
      }),
      cache: resolved.spec.cache.replicas === 1 ? redis : cacheGroup(redis, sentinels),
      ...(resolved.spec.predictor.enabled
        ? {
            predictor: workloadOf('The predictor', caches.get('Deployment', namespace, its.predictor), {
              pods: podsOf('predictor'),
            }),
          }
        : {}),
    },
    live: (manifest) => own(manifest.kind, manifest.metadata.name),
    all: of,
    has: (kind) => caches.has(kind),
    deliveries: seen.deliveries ?? NOTHING_DELIVERED,
    ...(seen.archive ? { archive: seen.archive } : {}),
    credentials: seen.credentials,
  };
}

/** Whether a pod runs or may still run. */
function isThere({ metadata, status }: Live): boolean {
  const { phase } = (status ?? {}) as { phase?: string };
  return !metadata.deletionTimestamp && phase !== 'Failed' && phase !== 'Succeeded';
}

function recordOf(live: Live): RevisionRecord {
  const data = live.data as Omit<RevisionRecord, 'revision' | 'number'>;
  const revision = live.metadata.labels?.[LABELS.revision] ?? '';
  return { revision, number: live.revision as number, inputs: data.inputs, manifests: data.manifests };
}

function formsOf(live: Live): FormRecord {
  const { forms } = live.data as Pick<FormRecord, 'forms'>;
  return { number: live.revision as number, forms };
}

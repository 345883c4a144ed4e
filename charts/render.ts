import { App, type Chart } from 'cdk8s';
import {
  type Manifest,
  type ReleaseInputs,
  type ResolvedEnvironment,
  releaseInputs,
} from '../operator/api/resolved.ts';
import { AnalysisJobChart, type Check } from './analysis-job.ts';
import { ApiChart } from './api.ts';
import { BackupChart, BackupJobChart, type OneBackup } from './backup.ts';
import { CacheChart } from './cache.ts';
import { DatabaseChart } from './database.ts';
import { DatabaseCheckChart, type Trial } from './database-check.ts';
import { GatewayChart } from './gateway.ts';
import { MigrationChart, type MigrationStep } from './migration.ts';
import { MonitoringChart } from './monitoring.ts';
import { NetworkChart } from './network.ts';
import { OperatorChart, type OperatorOptions } from './operator.ts';
import { PoolerChart } from './pooler.ts';
import { PredictorChart } from './predictor.ts';
import { ProtectionChart } from './protection.ts';
import { RestoreChart, type RestoreJob } from './restore.ts';
import { type Revision, RevisionChart } from './revision.ts';
import { type Backend, type Besides, PreviewChart, RoutingChart, ServiceRouteChart } from './routing.ts';
import { SentinelChart } from './sentinel.ts';

/**
 * The one door to the charts, for the operator and for synth. Every function is pure: equal input gives equal
 * plain objects, nothing is read from or written to the disk, and nothing in the result is shared with a later one.
 * Owner references are not in the objects: who owns them is the operator's business.
 */
export interface Components {
  database: Manifest[];
  /** What takes backups without the operator; empty while none are taken. */
  backup: Manifest[];
  pooler: Manifest[];
  cache: Manifest[];
  /** Nothing where it is switched off. */
  predictor: Manifest[];
  /** Nothing when Redis is alone. */
  sentinel: Manifest[];
  /** What all revisions of the API share: ServiceAccount, PodDisruptionBudget, HorizontalPodAutoscaler. */
  api: Manifest[];
  /** NetworkPolicies: nothing is allowed but the flows that the other components need. Empty when switched off. */
  network: Manifest[];
  /** The Gateway of the environment and the redirect to HTTPS; empty when it uses one that is there. */
  gateway: Manifest[];
  /** The ServiceMonitor, for clusters that know it. */
  monitoring: Manifest[];
}

export interface RenderedRevision {
  /** Without spec.replicas: the operator writes it. */
  deployment: Manifest;
  service: Manifest;
  configMap: Manifest;
}

/** `stable` is the release that serves, of which the predictor has its image; before there is one, that of the spec. */
export function renderComponents(
  environment: ResolvedEnvironment,
  stable: ReleaseInputs = releaseInputs(environment),
): Components {
  return {
    database: objects((app) => new DatabaseChart(app, environment)),
    backup: environment.spec.backup.enabled ? objects((app) => new BackupChart(app, environment)) : [],
    pooler: objects((app) => new PoolerChart(app, environment)),
    cache: objects((app) => new CacheChart(app, environment)),
    predictor: environment.spec.predictor.enabled
      ? objects((app) => new PredictorChart(app, environment, stable))
      : [],
    sentinel:
      environment.spec.cache.replicas === 1 ? [] : objects((app) => new SentinelChart(app, environment)),
    api: objects((app) => new ApiChart(app, environment)),
    network: objects((app) => new NetworkChart(app, environment)),
    gateway: objects((app) => new GatewayChart(app, environment)),
    monitoring: objects((app) => new MonitoringChart(app, environment)),
  };
}

/** The Sentinels of a Redis that is alone again: nothing of them runs. A StatefulSet is never deleted on the way. */
export function renderIdleSentinels(environment: ResolvedEnvironment): Manifest {
  return ofKind(
    objects((app) => new SentinelChart(app, environment, 0)),
    'StatefulSet',
  );
}

export function renderRevision(environment: ResolvedEnvironment, revision: Revision): RenderedRevision {
  const rendered = objects((app) => new RevisionChart(app, environment, revision));
  return {
    deployment: ofKind(rendered, 'Deployment'),
    service: ofKind(rendered, 'Service'),
    configMap: ofKind(rendered, 'ConfigMap'),
  };
}

export function renderMigration(
  environment: ResolvedEnvironment,
  revision: Revision,
  step: MigrationStep = { phase: 'expand' },
): Manifest {
  return ofKind(
    objects((app) => new MigrationChart(app, environment, revision, step)),
    'Job',
  );
}

/** The Job that tries settings of the database before it gets them. */
export function renderDatabaseCheck(environment: ResolvedEnvironment, trial: Trial): Manifest {
  return ofKind(
    objects((app) => new DatabaseCheckChart(app, environment, trial)),
    'Job',
  );
}

/** The Job of one backup that somebody asked for; backups have to be switched on. */
export function renderBackupJob(environment: ResolvedEnvironment, backup: OneBackup): Manifest {
  return ofKind(
    objects((app) => new BackupJobChart(app, environment, backup)),
    'Job',
  );
}

/** The Job of one restore; backups have to be switched on. */
export function renderRestore(environment: ResolvedEnvironment, restore: RestoreJob): Manifest {
  return ofKind(
    objects((app) => new RestoreChart(app, environment, restore)),
    'Job',
  );
}

/** The Job of one measurement of an analysis. */
export function renderAnalysisJob(environment: ResolvedEnvironment, check: Check): Manifest {
  return ofKind(
    objects((app) => new AnalysisJobChart(app, environment, check)),
    'Job',
  );
}

/** The route as it has to be for these weights; a backend with weight 0 stays in it and gets nothing. */
export function renderRoute(
  environment: ResolvedEnvironment,
  backends: Backend[],
  besides: Besides = {},
): Manifest {
  return ofKind(
    objects((app) => new RoutingChart(app, environment, backends, besides)),
    'HTTPRoute',
  );
}

/** The Service that takes the route's place without a gateway; left out, `revision` is all of them. */
export function renderServiceRoute(environment: ResolvedEnvironment, revision?: string): Manifest {
  return ofKind(
    objects((app) => new ServiceRouteChart(app, environment, revision)),
    'Service',
  );
}

/** The Service by which a release can be looked at before it gets a request (blue-green). */
export function renderPreview(environment: ResolvedEnvironment, revision: string): Manifest {
  return ofKind(
    objects((app) => new PreviewChart(app, environment, revision)),
    'Service',
  );
}

/** The operator's installation, without the CRDs. */
export function renderOperator(options: OperatorOptions): Manifest[] {
  return objects((app) => new OperatorChart(app, options));
}

/** Deletion protection: cluster-wide, and of use without the operator as well. */
export function renderProtection(): Manifest[] {
  return objects((app) => new ProtectionChart(app));
}

/** toJson touches no disk; the App is there because cdk8s resolves values through the root of the tree. */
function objects(chart: (app: App) => Chart): Manifest[] {
  return chart(new App()).toJson() as Manifest[];
}

function ofKind(manifests: Manifest[], kind: string): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind);
  if (!found) throw new Error(`the chart has no ${kind}`);
  return found;
}

import type { Environment, Manifest, ReleaseInputs, ResolvedEnvironment } from '../api/resolved.ts';
import type { Deliveries } from '../notifications/deliveries.ts';
import type { Measured } from '../rollout/analysis/measured.ts';
import type { MigrationInput } from '../rollout/gate.ts';
import type { RevisionView, RouteView } from '../rollout/state.ts';
import type { ArchiveLook } from './archive-watch.ts';
import type { FormRecord } from './forms.ts';
import type { Refusals } from './growth.ts';
import type { SettingsCheck } from './settings-check.ts';

/** A live object, as far as the operator looks into it. */
export interface Live {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { uid: string; controller?: boolean; kind?: string; name?: string }[];
    creationTimestamp?: string;
    deletionTimestamp?: string;
  };
  [field: string]: unknown;
}

/** The objects of one revision as they were rendered when it was released, and kept in its ControllerRevision. */
export interface RevisionRecord {
  revision: string;
  number: number;
  inputs: ReleaseInputs;
  manifests: { deployment: Manifest; service: Manifest; configMap: Manifest };
}

export interface Workload {
  /** Image that is asked for; of the newest form. */
  image?: string;
  pods: number;
  readyPods: number;
  ready: boolean;
  /** Every pod is of the newest form and ready. */
  settled: boolean;
  message: string;
}

/** Everything that a plan may know, seen at one moment. */
export interface Snapshot {
  now: number;
  environment: Environment;
  resolved: ResolvedEnvironment;
  /** Revision that the spec asks for. */
  desired: string;
  records: RevisionRecord[];
  views: RevisionView[];
  /** What was measured and is not in status yet. */
  measured: readonly Measured[];
  /** The newest record of the components' forms, and the names of older ones. */
  forms: FormRecord | undefined;
  oldForms: string[];
  route: RouteView | undefined;
  /** What migrations may rely on. */
  migration: MigrationInput;
  /** Whether the autoscaler can be given other metrics than CPU and memory. */
  customMetrics: boolean;
  /** Whether PostgreSQL is known to start with the settings that it is to get; the plan finds that out. */
  settingsCheck?: SettingsCheck;
  /** Volumes whose growth the API server refused. */
  refusals: Refusals;
  /** No predictor where it is switched off. */
  workloads: { database: Workload; pooler: Workload; cache: Workload; predictor?: Workload };
  /** The live object of the same kind and name, if there is one. */
  live(manifest: Pick<Manifest, 'kind' | 'metadata'>): Live | undefined;
  /** Every live object of this kind that carries the label of the environment. */
  all(kind: string): Live[];
  /** Whether the cluster has this resource type. */
  has(kind: string): boolean;
  /** What became of the messages that status names, as far as this process knows. */
  deliveries: Deliveries;
  /** How the log reaches the bucket, as far as this process knows; undefined while no backups are taken. */
  archive?: ArchiveLook;
  /** True when this process has made sure of the credentials. */
  credentials: boolean;
}

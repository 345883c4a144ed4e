import type { EffectiveSpec } from '../api/effective-spec.ts';
import type { NotificationKind } from '../api/spec/notifications.ts';
import type { EnvironmentStatus } from '../api/status.ts';
import type { Measured } from './analysis/measured.ts';
import type { MigrationInput } from './gate.ts';
import type { MigrationStep, SchemaView } from './schema.ts';
import type { Header } from './steps.ts';

/** What is known of one revision at the moment of the decision. */
export interface RevisionView {
  revision: string;
  number: number;
  image: string;
  /** Pods that its Deployment asks for; undefined when it has no Deployment. */
  replicas?: number;
  /** Pods that answer their readiness probe. */
  ready: number;
  /** Pods that are there and not being stopped, ready or not; left out, as many as its Deployment asks for. */
  pods?: number;
  /** Why pods are not ready, in the kubelet's words. */
  problem?: string;
  migration: 'absent' | 'running' | 'complete' | 'failed';
  /** The steps of its migration, as their Jobs tell; left out when there is no Job. */
  schema?: SchemaView;
}

/** What the router does at the moment of the decision. */
export interface RouteView {
  /** Percentage of requests a revision, as written. They sum to 100, or there is none. */
  weights: Readonly<Record<string, number>>;
  /** The gateway has taken over exactly these weights, and had time to act on them. */
  confirmed: boolean;
  /** When time alone is missing for that: how much. */
  settlesInMs?: number;
  /** Why it is not confirmed yet. */
  problem?: string;
  extra?: Extra;
  /** A Service whose selector finds the pods of every revision; its weights are the proportions of the ready ones. */
  shared?: boolean;
}

/** What shares the requests: the weights of an HTTPRoute, or the selector of a Service. */
export type Router = EffectiveSpec['routing']['mode'];

/** What a route does besides sharing by weight. Each field names the revision that it is for. */
export interface Extra {
  headers?: { revision: string; match: readonly Header[] };
  /** Copies of so many percent of the requests. */
  mirror?: { revision: string; percent: number };
}

export const VERBS = [
  'promote',
  'promote-full',
  'abort',
  'retry',
  'undo',
  'pause',
  'resume',
  'restart',
] as const;

export type Verb = (typeof VERBS)[number];

/** What a person asks of one release. */
export interface Command {
  verb: Verb;
  /** The release, as <number>-<revision>; as it was written. */
  target: string;
  /** Who asks, where the API server attests it. */
  by?: string;
}

/** The part of status that a rollout remembers between two looks. */
export type RolloutMemory = Pick<
  EnvironmentStatus,
  | 'stable'
  | 'candidate'
  | 'rejected'
  | 'retired'
  | 'deployingSince'
  | 'undone'
  | 'history'
  | 'restarts'
  | 'commands'
  | 'lastCommand'
>;

export interface RolloutInput {
  /** Milliseconds since the epoch. */
  now: number;
  /** The revision that the spec asks for. It is one of `revisions`. */
  desired: string;
  /** Size of the environment: pods of the stable revision. */
  replicas: number;
  policy: EffectiveSpec['rollout'];
  revisions: readonly RevisionView[];
  route: RouteView | undefined;
  /** Left out, it is a gateway. */
  router?: Router;
  memory: RolloutMemory;
  /** What was measured and is not in `memory` yet. */
  measured: readonly Measured[];
  /** Why the database does not accept connections, so that no migration can run; undefined when it does. */
  databaseProblem: string | undefined;
  /** In the order in which they are carried out. */
  commands: readonly Command[];
  /** What migrations may rely on; left out, they begin without a backup. */
  migration?: MigrationInput;
}

/** Something that is worth an Event. */
export interface Note {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  /** What it is to a receiver of messages, where the reason alone does not say it. */
  kind?: NotificationKind;
}

/** What should be, as one picture; `operator/environment` finds the writes that lead there. */
export interface RolloutDecision {
  memory: RolloutMemory;
  /** Steps of migrations that should be started. */
  migrate: MigrationStep[];
  /** Steps whose Jobs should be deleted, because they are to be done again. */
  forget: MigrationStep[];
  /** A migration waits for a full backup that begins after this moment, in milliseconds since 1970, and nobody takes one. */
  backup?: number;
  /** Whether the schema is what the release that is asked for needs; left out when nothing is known. */
  schema?: { ready: boolean; reason: string; message: string };
  /** Pods that each revision's Deployment should have. A revision that is not named is left as it is. */
  replicas: Record<string, number>;
  /** Percentages that the route should have; undefined when there is nothing to route to yet. */
  weights: Record<string, number> | undefined;
  /** What the route should do besides. */
  extra?: Extra;
  /** The revisions whose pods the Service should find together; left out, it finds those of the one that `weights` names. */
  shared?: readonly string[];
  /** The revision that the preview Service should lead to; undefined when there should be none. */
  preview?: string;
  /** Commands that are done, and whose annotations can go. */
  clear: Verb[];
  /** Revisions whose pods are not needed any more. */
  remove: string[];
  notes: Note[];
  /** One line for people. */
  summary: string;
  /** Why nothing goes on until somebody does something. */
  blocked?: { reason: string; message: string };
  /** True while the operator has something left to do. */
  progressing: boolean;
  /** When time alone can change the decision: look again after so many milliseconds. */
  againInMs?: number;
}

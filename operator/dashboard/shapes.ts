/**
 * What the server of the dashboard sends to the page, as JSON. Times are what status has: ISO 8601. Nothing of the spec is
 * in it but names of images and the words for steps: no configuration, no address of a webhook, no name of a Secret.
 */

/** How an environment is, the worst first; each is a word and a colour in the page. */
export type State =
  /** The stable release serves nobody. */
  | 'down'
  /** Something that requests need is not as it should be. */
  | 'notReady'
  /** Stuck until somebody does something. */
  | 'stalled'
  /** A release was rolled back, and the spec still asks for it. */
  | 'rolledBack'
  /** A release waits for somebody's word. */
  | 'waiting'
  | 'releasing'
  | 'starting'
  | 'paused'
  | 'deleting'
  | 'serving';

/** An environment in the list. */
export interface Row {
  /** `namespace/name`. */
  key: string;
  namespace: string;
  name: string;
  tier: string;
  state: State;
  summary: string;
  /** Of the release that serves; undefined before there is one. */
  image?: string;
  pods: number;
  readyPods: number;
  candidate?: { image: string; number: number; weight: number; step: number; steps: number };
}

export interface ConditionView {
  type: string;
  status: string;
  reason: string;
  message: string;
  since: string;
  /** good and bad count; note: worth a look; plain says only what is so. */
  tone: 'good' | 'bad' | 'note' | 'plain';
}

/** A member of the database; `lagBytes` is rounded as in status. */
export interface MemberView {
  name: string;
  role?: string;
  state: string;
  ready: boolean;
  timeline?: number;
  lagBytes?: number;
}

export interface ReleaseView {
  number: number;
  revision: string;
  image: string;
}

export interface AnalysisView {
  id: string;
  verdict?: string;
  message: string;
  metrics: { name: string; verdict?: string; message: string; count: number; failures: number }[];
}

export interface CandidateView extends ReleaseView {
  strategy: string;
  /** Words for each step; `step` is the index of the one that is carried out. */
  plan: string[];
  step: number;
  weight: number;
  pods: number;
  readyPods: number;
  startedAt: string;
  heldSince?: string;
  /** Why it does not go on: held, frozen or behind the gate of its migration. */
  obstacle?: string;
  analyses: AnalysisView[];
}

/** A command that makes sense now. */
export interface Offer {
  /** Its annotation is `cryptosense.io/<verb>`. */
  verb: string;
  /** `<number>-<revision>`: the release that it names. */
  target: string;
  label: string;
  /** What it will do, as a sentence for the confirmation. */
  effect: string;
  tone: 'go' | 'plain' | 'stop';
}

/** Everything about one environment. */
export interface Detail extends Row {
  endpoint?: string;
  waitingFor: { what: string; since: string }[];
  conditions: ConditionView[];
  components: { name: string; image?: string; pods: number; readyPods: number }[];
  /** Of the database; empty until they have said something. */
  members: MemberView[];
  stable?: ReleaseView & { since?: string };
  /** Left out while none is being tried. */
  trial?: CandidateView;
  rejected?: ReleaseView & { reason: string; message: string; at: string };
  history: (ReleaseView & { promotedAt: string; replacedAt?: string; failed: boolean })[];
  lastCommand?: {
    verb: string;
    target: string;
    at: string;
    by?: string;
    accepted: boolean;
    message: string;
  };
  messages: { id: string; at: string; kind: string; severity: string; message: string }[];
  offers: Offer[];
  /** Why no command can be given now, whoever asks. */
  noCommands?: string;
}

/** One moment of a rollout: [ms since the epoch, weight, ready pods, pods, ready pods of the stable release, step]. */
export type Sample = readonly [
  at: number,
  weight: number,
  ready: number,
  pods: number,
  stableReady: number,
  step: number,
];

export interface Mark {
  at: number;
  verdict: string;
  /** Name of the metric, or of the analysis. */
  what: string;
}

/** The course of a rollout, as far as this process has seen it. */
export interface Course extends ReleaseView {
  /** When the candidate was made, in ms since the epoch. */
  startedAt: number;
  /** Before this nobody looked: what is drawn begins here. */
  seenFrom: number;
  samples: Sample[];
  marks: Mark[];
  ended?: { at: number; outcome: 'promoted' | 'rolledBack' | 'replaced' };
}

export interface BackupView {
  name: string;
  type: string;
  at?: string;
  sizeBytes?: number;
  completed: string;
  verified: string;
  verifiedAt?: string;
  message: string;
}

export interface RestoreView {
  name: string;
  mode: string;
  at?: string;
  completed: string;
  message: string;
  rtoSeconds?: number;
  rpoSeconds?: number;
}

export interface EventView {
  id: string;
  type: string;
  reason: string;
  message: string;
  at: string;
  count: number;
}

/** A list that belongs to an environment, or the sentence why it is not shown. */
export type Related<T> = { items: T[] } | { refused: string };

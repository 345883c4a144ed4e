/** Requests of one release, and how many of them were bad: errors, or too slow. */
export interface Counts {
  readonly requests: number;
  /** Of answers that were too slow it may be a fraction: it is read off a histogram. */
  readonly bad: number;
}

/** What one measurement brought. */
export type Outcome =
  /** Requests since the measurement before; the stable release's when the metric compares. */
  | { readonly type: 'counts'; readonly candidate: Counts; readonly stable?: Counts }
  | { readonly type: 'value'; readonly value: number }
  /** The source judges by itself: the exit code of a Job, the status of an answer. */
  | { readonly type: 'result'; readonly passed: boolean; readonly message: string }
  /** There was an answer, and no figure in it. */
  | { readonly type: 'nothing'; readonly why: string }
  /** The source did not answer, or not in its form: nothing is known of the release. */
  | { readonly type: 'problem'; readonly why: string };

/** An answer of a source, on its way into the run that asked for it. */
export interface Measured {
  /** Id of the run. */
  readonly run: string;
  /** When that run began: one of the same name that began at another time is another one. */
  readonly startedAt: string;
  readonly metric: string;
  /** When it was asked for, as an ISO date-time. */
  readonly at: string;
  readonly outcome: Outcome;
}

import type { Phase } from '../api/resolved.ts';

export const PHASES: readonly Phase[] = ['report', 'expand', 'contract'];

/** What a Job of the migration has said, as app/migrations/result.ts writes it. Names are those of the files. */
export interface MigrationResult {
  /** The database has nothing in it that could be lost. */
  fresh: boolean;
  /** Number of the newest migration that the image has. */
  newest: number;
  /** What is left to do after this Job, by kind. */
  pending: { expand: string[]; contract: string[] };
  /** What this Job has applied, also when it failed after that. */
  applied: string[];
  /** Which of the pending or applied ones cannot be undone. */
  irreversible: string[];
  /** Why it failed, as a sentence. */
  error?: string;
}

export interface StepView {
  state: 'absent' | 'running' | 'complete' | 'failed';
  /** When its Job was made, in milliseconds since the epoch. */
  createdAt?: number;
  /** Why it cannot start, or why it failed. */
  problem?: string;
  result?: MigrationResult;
  /** It has ended, and what it said is lost with its pod. Without this and without a result, the image says nothing. */
  isLost?: boolean;
  /** The release was marked irreversible when it began. */
  isMarked?: boolean;
  /** The backup that it waited for. */
  backup?: string;
}

export type SchemaView = Record<Phase, StepView>;

export const NO_STEPS: SchemaView = {
  report: { state: 'absent' },
  expand: { state: 'absent' },
  contract: { state: 'absent' },
};

/** One step of one revision's migration. */
export interface MigrationStep {
  revision: string;
  phase: Phase;
  /** Name of the backup that lets it begin. */
  backup?: string;
}

/** What the steps of a revision come to: whether its pods may get traffic. */
export function progressOf({ report, expand }: SchemaView): { state: StepView['state']; problem?: string } {
  const problem = expand.problem ?? report.problem;
  const because = problem === undefined ? {} : { problem };
  if (expand.state === 'running' || expand.state === 'failed') return { state: expand.state, ...because };
  if (expand.state === 'complete' || nothingToExpand(report)) return { state: 'complete' };
  if (report.state === 'running' || report.state === 'failed') return { state: report.state, ...because };
  return { state: 'absent' };
}

function nothingToExpand({ state, result }: StepView): boolean {
  return state === 'complete' && result?.pending.expand.length === 0;
}

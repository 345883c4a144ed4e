import type { NotificationKind } from '../api/spec/notifications.ts';
import type { Note } from '../rollout/state.ts';

/** What a note of a rollout means to a receiver, by its reason. A test finds a reason that is not here. */
const KINDS: Readonly<Record<string, NotificationKind>> = {
  ReleaseStarted: 'start',
  RetriedByCommand: 'start',
  ReleaseStep: 'step',
  StepsEdited: 'step',
  RestartedByCommand: 'step',
  CommandRefused: 'step',
  HeldByCommand: 'pause',
  ResumedByCommand: 'pause',
  Deployed: 'promote',
  Promoted: 'promote',
  PromotedByCommand: 'promote',
  ReleaseWithdrawn: 'abort',
  AbortedByCommand: 'abort',
  RolledBack: 'rollback',
  UndoneByCommand: 'rollback',
  AnalysisPassed: 'verdict',
  AnalysisFailed: 'verdict',
  AnalysisInconclusive: 'verdict',
  AnalysisError: 'verdict',
  InsufficientData: 'verdict',
  MeasurementFailed: 'verdict',
  WaitingForBackup: 'migration',
  MigrationStarted: 'migration',
  Migrated: 'migration',
  ContractStarted: 'migration',
  Frozen: 'alert',
  ReturnRefused: 'alert',
  StableDead: 'alert',
  StatusRebuilt: 'alert',
};

/** Said at every look for as long as it is so, not once when it comes. */
const REPEATED = new Set(['StableDead', 'MeasurementFailed']);

export function isClassified(reason: string): boolean {
  return reason in KINDS;
}

/** What is not known is told all the same: a receiver that misses something is worse than one that gets too much. */
export function kindOf({ kind, reason, type }: Pick<Note, 'kind' | 'reason' | 'type'>): NotificationKind {
  return kind ?? KINDS[reason] ?? (type === 'Warning' ? 'alert' : 'step');
}

export function isRepeated(reason: string): boolean {
  return REPEATED.has(reason);
}

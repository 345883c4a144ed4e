import { milliseconds } from '../api/duration.ts';
import type { Phase } from '../api/resolved.ts';
import { barrierTo } from './barrier.ts';
import { gate, type MigrationInput } from './gate.ts';
import { otherAtWork } from './migration.ts';
import { NO_STEPS } from './schema.ts';
import type { RevisionView, RolloutMemory } from './state.ts';

/** What the guard knows of schema and backups. */
export interface SchemaWorld {
  now: number;
  migration: MigrationInput;
  /** rollout.rollbackWindow. */
  rollbackWindow: string;
  /** What status says now, before the plan. */
  stable: RolloutMemory['stable'];
}

interface World {
  revisions: readonly RevisionView[];
  schema?: SchemaWorld;
}

/** No two steps at once, none without the backup that was asked for, and no contract while its window is open. */
export function migrationViolation(
  { revision, phase }: { revision: string; phase: Phase },
  { revisions, schema }: World,
): string | undefined {
  const other = otherAtWork(revisions, { revision });
  if (other) return `OneMigrationAtATime (step ${other.phase} of ${other.view.revision} runs)`;
  if (phase === 'report' || schema === undefined) return undefined;
  const { now, migration, stable, rollbackWindow } = schema;
  const { report } = revisions.find((view) => view.revision === revision)?.schema ?? NO_STEPS;
  if (phase === 'contract') {
    if (stable?.revision !== revision) return `ContractOfStableAlone (${revision} is not stable)`;
    const since = Date.parse(stable.since ?? '');
    const isAskedFor = migration.contractAskedFor === `${stable.number}-${revision}`;
    const isOver = migration.contract === 'automatic' && now >= since + milliseconds(rollbackWindow);
    if (!isAskedFor && !isOver) return `ContractAfterRollbackWindow (${revision})`;
    return gate(migration, { now, askedAt: Number.isNaN(since) ? now : since }).open
      ? undefined
      : `MigrationBehindGate (${revision})`;
  }
  if (report.result?.fresh) return undefined;
  const isOpen = gate(migration, { now, askedAt: report.createdAt ?? now }).open;
  return isOpen ? undefined : `MigrationBehindGate (${revision})`;
}

/** A release gets no pod before its migration is done. The stable one gets its pods back whatever became of the record. */
export function podsViolation(
  { revision, replicas }: { revision: string; replicas: number },
  { revisions, schema }: World,
): string | undefined {
  const view = revisions.find((one) => one.revision === revision);
  const isNew = replicas > 0 && (view?.replicas ?? 0) === 0;
  if (schema === undefined || !isNew || revision === schema.stable?.revision) return undefined;
  return view?.migration === 'complete' ? undefined : `PodsAfterMigration (${revision})`;
}

/** No more requests for a release that a contract migration has taken away from under. */
export function trafficViolation(revision: string, { revisions, schema }: World): string | undefined {
  if (schema === undefined || revision === schema.stable?.revision) return undefined;
  const why = barrierTo(revisions, revision);
  return why === undefined ? undefined : `NoTrafficAcrossContract (${revision}: ${why})`;
}

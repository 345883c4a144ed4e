import type { Candidate } from './candidate.ts';
import { type Draft, iso, note } from './draft.ts';
import { NO_STEPS, type SchemaView, type StepView } from './schema.ts';
import type { RevisionView } from './state.ts';

/** What one release did to the schema that another may not be able to live with. */
interface Barrier {
  by: RevisionView;
  kind: 'contract' | 'irreversible';
  /** Files that did it; empty when that is not known. */
  files: string[];
}

/**
 * Why a return to `revision` is refused, as a sentence: since it served, a contract migration took away what it needs, or
 * one that cannot be undone has run, and its image does not have that migration. Undefined when nothing stands between.
 */
export function mayReturnTo(draft: Draft, revision: string): string | undefined {
  return barrierTo(
    [...draft.views.values()],
    revision,
    draft.input.migration?.irreversible ? draft.input.desired : undefined,
  );
}

/** The same of what is observed, without a draft. `marked`: the revision that spec marks as irreversible. */
export function barrierTo(
  views: readonly RevisionView[],
  revision: string,
  marked?: string,
): string | undefined {
  const target = views.find((view) => view.revision === revision);
  if (target === undefined) return undefined;
  const barrier = views
    .flatMap((view) => barriersOf(view, view.revision === marked))
    .find((one) => !knows(target, one));
  if (barrier === undefined) return undefined;
  const { by, kind, files } = barrier;
  const what = files.length > 0 ? files.join(', ') : 'its migration';
  const why =
    kind === 'contract'
      ? `the contract migration of ${by.image} (${what}) has taken away what it needs`
      : `the migration of ${by.image} (${what}) cannot be undone`;
  return `${target.image} cannot serve any more: ${why}; release an image that has this migration, or restore a backup from before it`;
}

/**
 * Whether a candidate that fails keeps what it has: it, or a release before it, has changed the schema so that the stable
 * release must not be left alone with it. Who rolls back asks first, and calls `freeze` when this is true.
 */
export function isFrozen(draft: Draft, candidate: Candidate): boolean {
  const { stable } = draft.memory;
  const view = draft.views.get(candidate.revision);
  if (candidate.frozen) return true;
  if (stable === undefined || view?.migration !== 'complete') return false;
  return mayReturnTo(draft, stable.revision) !== undefined;
}

/** The candidate has failed, and stays as it is until somebody decides. */
export function freeze(draft: Draft, candidate: Candidate, reason: string, why: string): void {
  if (candidate.frozen) return;
  const message = why.slice(0, 1024);
  draft.memory.candidate = { ...candidate, frozen: { reason, message, at: iso(draft) } };
  note(draft, 'Warning', 'Frozen', frozenMessage(draft.memory.candidate));
}

/** What has happened and what to do, as a sentence. */
export function frozenMessage({ image, number, revision, weight, frozen }: Candidate): string {
  return (
    `${image} has failed (${frozen?.reason}: ${frozen?.message}) after a migration that cannot be undone: it is not rolled back and ` +
    `keeps ${weight} % of the requests; promote it (cryptosense.io/promote: ${number}-${revision}), or release an image that mends it`
  );
}

function barriersOf(by: RevisionView, isMarkedNow: boolean): Barrier[] {
  const { expand, contract }: SchemaView = by.schema ?? NO_STEPS;
  const barriers: Barrier[] = [];
  if (hasRun(contract)) barriers.push({ by, kind: 'contract', files: contract.result?.applied ?? [] });
  // One that runs or has failed has applied some of its files, and nobody knows yet which.
  if (!hasRun(expand)) return barriers;
  const applied = expand.result?.applied;
  const oneWay = (applied ?? []).filter((file) => expand.result?.irreversible.includes(file));
  if (isMarkedNow || expand.isMarked) barriers.push({ by, kind: 'irreversible', files: applied ?? [] });
  else if (oneWay.length > 0) barriers.push({ by, kind: 'irreversible', files: oneWay });
  return barriers;
}

/** Whether a step has, or may have, changed something. */
function hasRun({ state, result }: StepView): boolean {
  if (state === 'absent') return false;
  return result === undefined || result.applied.length > 0;
}

/** Whether a release was made with the migrations of the barrier in mind: its image has their files. */
function knows(target: RevisionView, { by, files }: Barrier): boolean {
  if (target.revision === by.revision || target.image === by.image) return true;
  const has = newestOf(target);
  const needs = files.length > 0 ? Math.max(...files.map(numberOf)) : newestOf(by);
  // Where an image has not said what it has, the later release is taken to have what the earlier one had.
  return has === undefined || needs === undefined ? target.number > by.number : has >= needs;
}

function newestOf({ schema }: RevisionView): number | undefined {
  // One that failed before it had found anything says 0.
  const said = [schema?.contract, schema?.expand, schema?.report].map((step) => step?.result?.newest);
  return said.find((newest) => newest !== undefined && newest > 0);
}

/** Files are named NNNN-name. */
function numberOf(file: string): number {
  return Number.parseInt(file, 10);
}

import { bytesOfLsn, lsnOf } from './lsn.ts';
import type { Archive, BaseBackup, Point, Target, World } from './world.ts';

/** Up to where the log is replayed. */
export type Until =
  /** To the end of the backup itself. */
  | { type: 'immediate' }
  | { type: 'newest' }
  /** In milliseconds since 1970, and as it was written. */
  | { type: 'time'; at: number; text: string }
  | { type: 'lsn'; lsn: string }
  | { type: 'name'; name: string };

export type Reason =
  | 'NoBackup'
  | 'Ambiguous'
  | 'UnknownBackup'
  | 'BackupNotComplete'
  | 'BackupIsDump'
  | 'UnknownName'
  | 'InTheFuture'
  | 'BeforeOldestBackup'
  | 'LogNotKept'
  | 'BeyondArchive';

/** Why a target cannot be reached, with what can be: a sentence for the user. */
export interface Refusal {
  reason: Reason;
  message: string;
}

export interface Choice {
  backup: BaseBackup;
  until: Until;
}

export type Decision = Choice | { refused: Refusal };

/** A full backup that is complete. */
type Complete = BaseBackup & { stoppedAt: number };

/**
 * Chooses the backup that a target is restored from: the newest one from before it, which has the least log to replay. Refuses
 * what cannot be reached, as far as `world` tells. Pure.
 */
export function chooseBackup(target: Target, world: World): Decision {
  if (target.backup !== undefined) return ofBackup(target.backup, world);
  const complete = completeOf(world);
  const newest = complete.at(-1);
  if (newest === undefined)
    return refused('NoBackup', 'there is no full backup that is complete, so nothing can be restored yet');
  if (target.time !== undefined) return ofTime(target.time, complete, world);
  if (target.lsn !== undefined) return ofLsn(target.lsn, complete, newest.stanza, world);
  if (target.name !== undefined) return ofName(target.name, complete, newest, world);
  return { backup: newest, until: { type: 'newest' } };
}

/** The moment that a user wrote, in milliseconds since 1970; what is finer than one is in the fraction. */
export function momentOf(text: string): number {
  const finer = /\.\d{3}(\d{1,3})/.exec(text)?.[1] ?? '';
  return Date.parse(text) + Number(finer.padEnd(3, '0')) / 1000;
}

function ofBackup(name: string, { backups }: World): Decision {
  const backup = backups.find((one) => one.name === name) ?? backups.find(({ label }) => label === name);
  if (backup === undefined)
    return refused('UnknownBackup', `there is no backup ${name}${listOf(backups.filter(isComplete))}`);
  if (backup.type === 'dump')
    return refused(
      'BackupIsDump',
      `backup ${name} is a dump, which psql reads into a database that is there; a restore begins with a full backup${listOf(backups.filter(isComplete))}`,
    );
  if (backup.stoppedAt === undefined)
    return refused(
      'BackupNotComplete',
      `backup ${name} is not complete${listOf(backups.filter(isComplete))}`,
    );
  return { backup, until: { type: 'immediate' } };
}

function ofTime(text: string, complete: Complete[], world: World): Decision {
  const at = momentOf(text);
  if (at > world.now)
    return refused('InTheFuture', `${text} is in the future; leave the target out for the newest state`);
  const backup = complete.findLast(({ stoppedAt }) => stoppedAt <= at);
  if (backup === undefined)
    return refused(
      'BeforeOldestBackup',
      `${text} is before the end of the oldest backup; ${rangeOf(complete, world)}`,
    );
  if (!backup.isInWindow) return notKept(text, backup, complete, world);
  const { lastCommit } = archiveOf(backup, world) ?? {};
  // PostgreSQL knows that it has come to the moment by the first transaction after it.
  if (lastCommit !== undefined && at >= lastCommit)
    return refused(
      'BeyondArchive',
      `${text} is not before the last transaction that is archived; ${rangeOf(complete, world)}; leave the target out for the newest state`,
    );
  return { backup, until: { type: 'time', at, text } };
}

/** A position means something in the newest stanza alone: after a restore in place the same numbers come once more. */
function ofLsn(lsn: string, complete: Complete[], stanza: string | undefined, world: World): Decision {
  const bytes = bytesOfLsn(lsn);
  const ours = complete.filter((one) => one.stanza === stanza && one.stopLsn !== undefined);
  const backup = ours.findLast(({ stopLsn }) => (stopLsn as bigint) <= bytes);
  const end = world.archives.find((one) => one.stanza === stanza)?.end;
  const oldest = ours.find(({ isInWindow }) => isInWindow)?.stopLsn;
  const possible = `possible is ${oldest === undefined ? 'none' : `${lsnOf(oldest)} to ${end === undefined ? 'the end of the archived log' : lsnOf(end)}`}`;
  if (backup === undefined)
    return refused('BeforeOldestBackup', `${lsn} is before the end of the oldest backup; ${possible}`);
  if (!backup.isInWindow) return notKept(lsn, backup, complete, world);
  if (end !== undefined && bytes >= end)
    return refused(
      'BeyondArchive',
      `${lsn} is beyond the archived log; ${possible}; leave the target out for the newest state`,
    );
  return { backup, until: { type: 'lsn', lsn } };
}

function ofName(name: string, complete: Complete[], newest: Complete, world: World): Decision {
  const until: Until = { type: 'name', name };
  if (world.points === undefined) return { backup: newest, until };
  const point = world.points
    .filter((one) => one.name === name)
    .sort(byAge)
    .at(-1);
  if (point === undefined)
    return refused(
      'UnknownName',
      `there is no restore point ${name} in the archived log${pointsOf(world.points)}`,
    );
  const backup = complete.findLast((one) => isBefore(one, point));
  if (backup === undefined)
    return refused(
      'BeforeOldestBackup',
      `restore point ${name} is before the end of the oldest backup; ${rangeOf(complete, world)}`,
    );
  return backup.isInWindow ? { backup, until } : notKept(`restore point ${name}`, backup, complete, world);
}

function isBefore({ stanza, stopLsn, stoppedAt }: Complete, point: Point): boolean {
  if (point.stanza !== undefined && stanza !== point.stanza) return false;
  if (point.lsn !== undefined && stopLsn !== undefined) return stopLsn <= point.lsn;
  return point.time !== undefined && stoppedAt <= point.time;
}

/** Of two points with the same name the newer one is meant. */
function byAge(a: Point, b: Point): number {
  return (a.time ?? 0) - (b.time ?? 0) || Number((a.lsn ?? 0n) - (b.lsn ?? 0n));
}

function notKept(what: string, backup: Complete, complete: Complete[], world: World): Decision {
  return refused(
    'LogNotKept',
    `${what} needs the log after backup ${backup.name}, which is not kept any more: that backup restores to its own end alone (${iso(backup.stoppedAt)}); ${rangeOf(complete, world)}`,
  );
}

/** What can be restored, as the end of a sentence. */
function rangeOf(complete: readonly Complete[], world: World): string {
  const oldest = complete.find(({ isInWindow }) => isInWindow);
  if (oldest === undefined) return `possible is each backup's own end${listOf(complete)}`;
  const lastCommit = archiveOf(complete.at(-1), world)?.lastCommit;
  const to = lastCommit === undefined ? 'the last archived transaction' : iso(lastCommit);
  return `possible is ${iso(oldest.stoppedAt)} (the end of backup ${oldest.name}) to ${to}`;
}

function completeOf({ backups }: World): Complete[] {
  return backups
    .filter(isComplete)
    .filter(({ isBroken }) => !isBroken)
    .sort((a, b) => a.stoppedAt - b.stoppedAt);
}

function isComplete(backup: BaseBackup): backup is Complete {
  return backup.type === 'full' && backup.stoppedAt !== undefined;
}

function archiveOf(backup: BaseBackup | undefined, { archives }: World): Archive | undefined {
  return archives.find(({ stanza }) => stanza === backup?.stanza);
}

const MOST_NAMES = 5;

function listOf(backups: readonly BaseBackup[]): string {
  return listed(
    backups.map(({ name }) => name),
    'there are',
  );
}

function pointsOf(points: readonly Point[]): string {
  return listed(
    [...points].sort(byAge).map(({ name, time }) => (time === undefined ? name : `${name} (${iso(time)})`)),
    'there are',
  );
}

/** The newest of the names, which are sorted. */
function listed(names: string[], verb: string): string {
  if (names.length === 0) return '';
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} older ones` : '';
  return `; ${verb} ${names.slice(-MOST_NAMES).join(', ')}${more}`;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function refused(reason: Reason, message: string): Decision {
  return { refused: { reason, message } };
}

import type { EnvironmentStatus } from '../api/status.ts';
import type { Member } from '../database/member.ts';
import { IN_STEP_BYTES, primaryOf } from '../database/members.ts';
import { membersIn } from './database-members.ts';
import type { Snapshot } from './snapshot.ts';

type DatabaseStatus = NonNullable<EnvironmentStatus['database']>;
export type LoginStatus = NonNullable<DatabaseStatus['login']>;

const MOST_MEMBERS = 3;

/**
 * What the members say of themselves, and the last rotation of the login; undefined while there never was either. That there were members
 * is not forgotten with them: a database that is new is made with TLS, others wait for their window. Pure.
 */
export function databaseStatus(
  { all, environment, resolved }: Pick<Snapshot, 'all' | 'environment' | 'resolved'>,
  login?: LoginStatus,
): DatabaseStatus | undefined {
  const members = membersIn(all('Pod'));
  const isHeard = members.some(({ reports }) => reports);
  if (!isHeard && login === undefined && environment.status?.database === undefined) return undefined;
  const primary = primaryOf(members);
  const said = isHeard ? members.slice(0, MOST_MEMBERS) : [];
  const { tls, members: count } = resolved.spec.database;
  return {
    ...(login ? { login } : {}),
    ...(said.length > 0 ? { members: said.map((member) => memberStatus(member, primary)) } : {}),
    tls: tls === 'required' || servesTls(members, count),
  };
}

/** Whether nobody is left who would have to connect, or be connected to, without TLS. */
function servesTls(members: readonly Member[], count: number): boolean {
  return members.length >= count && members.every(({ tls, ready }) => tls && ready);
}

function memberStatus(
  member: Member,
  primary: Member | undefined,
): NonNullable<DatabaseStatus['members']>[number] {
  const { name, role, state = 'unknown', ready, timeline } = member;
  const lagBytes = lagOf(member, primary);
  return {
    name,
    ...(role === undefined ? {} : { role }),
    state,
    ready,
    ...(timeline === undefined ? {} : { timeline }),
    ...(lagBytes === undefined ? {} : { lagBytes }),
  };
}

/**
 * Members report every few seconds, each at another moment, so that the exact difference is noise, and would have the status
 * written with every report. Between timelines there is none.
 */
function lagOf({ role, timeline, position }: Member, primary: Member | undefined): number | undefined {
  if (role !== 'replica' || position === undefined || primary?.position === undefined) return undefined;
  if (timeline !== primary.timeline) return undefined;
  const behind = primary.position - position;
  if (behind < IN_STEP_BYTES) return 0;
  return IN_STEP_BYTES * 2 ** Math.floor(Math.log2(behind / IN_STEP_BYTES));
}

import { names } from '../api/resolved.ts';
import { hasReached, isWord, PHASES, type Phase } from '../database/login.ts';
import type { Note } from '../rollout/state.ts';
import type { Action } from './actions.ts';
import { membersIn } from './database-members.ts';
import type { LoginStatus } from './database-status.ts';
import type { Snapshot } from './snapshot.ts';

/** Annotation of the environment: a new word asks for a rotation of the application's login. */
export const ROTATE_LOGIN = 'cryptosense.io/rotate-login';

/** How long a phase lasts at least. */
const LASTS_MS: Record<Phase, number> = {
  // The kubelet renews mounted Secrets within two minutes: PgBouncer knows both logins then.
  prepared: 180_000,
  // The API follows within seconds of the kubelet; a migration or a dump that has begun may go on for a while.
  switched: 900_000,
  retired: 0,
};

const SAYS: Record<Phase, string> = {
  prepared: 'The database and PgBouncer are given a second login; the first one is still used.',
  switched: 'The API uses the new login; the former one is still valid for what has begun with it.',
  retired: 'The former login is taken away.',
};

type View = Pick<Snapshot, 'environment' | 'resolved' | 'all' | 'now' | 'workloads'>;

export interface Rotation {
  actions: Extract<Action, { type: 'rotateLogin' }>[];
  /** As it is when the actions are done; undefined when none was ever asked for. */
  login: LoginStatus | undefined;
  notes: Note[];
  againInMs: number;
}

/**
 * What is next in the rotation that the annotation asks for. Pure. One that has begun comes to its end before another
 * begins, so that never more than two logins are valid. `outdated`: components that are kept in an earlier form.
 */
export function rotationOf(view: View, outdated: readonly string[] = []): Rotation {
  const before = view.environment.status?.database?.login;
  if (before !== undefined && before.phase !== 'waiting' && !isComplete(before))
    return goOn(view, before, before.phase);
  const word = view.environment.metadata.annotations?.[ROTATE_LOGIN] ?? '';
  if (word === '') return rest(before?.phase === 'waiting' ? withdrawn(before) : before);
  if (before?.phase === 'retired' && before.asked === word) return rest(before);
  const obstacle = obstacleOf(view, word, outdated);
  if (obstacle === undefined) return enter(view, word, 'prepared', before);
  const since = before?.phase === 'waiting' ? before.since : at(view);
  return rest({ asked: word.slice(0, 63), phase: 'waiting', since, message: obstacle, ...last(before) });
}

/** The next step of a rotation that has begun, when everybody has done the one before. */
function goOn(view: View, before: LoginStatus, phase: Phase): Rotation {
  const members = membersIn(view.all('Pod'));
  const late = members.filter(({ logins }) => !hasReached(logins, before.asked, phase));
  if (late.length > 0 || members.length === 0) {
    const who = late.map(({ name }) => name).join(', ') || 'the database';
    return rest({ ...before, message: `${SAYS[phase]} Waiting for ${who} to know it.` });
  }
  if (phase === 'retired') return completed(view, before);
  const ageMs = view.now - Date.parse(before.since);
  if (ageMs < LASTS_MS[phase]) return rest({ ...before, message: SAYS[phase] }, LASTS_MS[phase] - ageMs);
  if (phase === 'switched' && members.some(({ formerLogin }) => formerLogin)) {
    const message = `${SAYS[phase]} Waiting for its sessions to end: somebody still uses it (docs/database.md).`;
    return rest({ ...before, message });
  }
  return enter(view, before.asked, PHASES[PHASES.indexOf(phase) + 1] ?? 'retired', before);
}

function enter(view: View, asked: string, phase: Phase, before: LoginStatus | undefined): Rotation {
  const { credentials: name } = names(view.resolved.name);
  const login = { asked, phase, since: at(view), message: SAYS[phase], ...last(before) };
  const actions: Rotation['actions'] = [{ type: 'rotateLogin', name, asked, phase, why: SAYS[phase] }];
  return { ...rest(login, LASTS_MS[phase]), actions };
}

function completed(view: View, before: LoginStatus): Rotation {
  const message = 'The former login is not valid any more.';
  const login = { ...before, message, rotatedAt: at(view) };
  const note: Note = {
    type: 'Normal',
    reason: 'LoginRotated',
    message: `The application has another login (${before.asked}). ${message}`,
  };
  return { ...rest(login), notes: [note] };
}

function rest(login: LoginStatus | undefined, againInMs = Number.POSITIVE_INFINITY): Rotation {
  return { actions: [], login, notes: [], againInMs };
}

/** Why a rotation cannot begin. */
function obstacleOf({ all, workloads }: View, word: string, outdated: readonly string[]): string | undefined {
  if (!isWord(word))
    return `The annotation ${ROTATE_LOGIN} is no word: at most 40 letters, digits, "-" and "_", such as 2026-11.`;
  const members = membersIn(all('Pod'));
  if (members.length === 0) return 'No member of the database is there.';
  const renewed = 'which the maintenance window or the annotation cryptosense.io/refresh renews';
  const silent = members.filter(({ logins }) => logins === undefined);
  if (silent.length > 0)
    return `${silent.map(({ name }) => name).join(', ')} would not learn of a new login: it does not run yet, or is of an earlier form, ${renewed}.`;
  // One of before rotations reads its passwords once.
  if (outdated.includes('pooler'))
    return `PgBouncer would not learn of a new login: it is of an earlier form, ${renewed}.`;
  return workloads.pooler.settled
    ? undefined
    : `PgBouncer is not as it should be. ${workloads.pooler.message}`;
}

/** Nobody asks any more for what had not begun: what is left is when it was last done. */
function withdrawn({ rotatedAt }: LoginStatus): LoginStatus | undefined {
  if (rotatedAt === undefined) return undefined;
  return { asked: '', phase: 'retired', since: rotatedAt, message: 'Nothing is asked for.', rotatedAt };
}

function isComplete({ phase, since, rotatedAt }: LoginStatus): boolean {
  return phase === 'retired' && rotatedAt !== undefined && Date.parse(rotatedAt) >= Date.parse(since);
}

const last = (before: LoginStatus | undefined) =>
  before?.rotatedAt === undefined ? {} : { rotatedAt: before.rotatedAt };

const at = ({ now }: View) => new Date(now).toISOString();

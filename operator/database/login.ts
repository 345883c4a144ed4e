/** Where a rotation of the application's login is; each is a state that everything works in. */
export const PHASES = ['prepared', 'switched', 'retired'] as const;
export type Phase = (typeof PHASES)[number];

/** The role that owns everything, and is the login until the first rotation. */
const OWNER = 'cryptosense';
const ALTERNATING = [`${OWNER}_a`, `${OWNER}_b`];

interface Login {
  name: string;
  password: string;
}

/** The Secret's own memory of its rotations; members of the database read it, too (images/database/member/logins.py). */
interface Logins {
  /** `<what was asked for>.<phase>`: what a member reports when it has done it. */
  state: string;
  logins: Login[];
}

/** The Secret with the logins cannot be used. The message holds nothing of it. */
export class LoginSecretError extends Error {
  override readonly name = 'LoginSecretError';
}

/** A word that asks for a rotation: it is in a label of Patroni's and in messages. */
export function isWord(asked: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/.test(asked);
}

function stateOf(asked: string, phase: Phase): string {
  return `${asked}.${phase}`;
}

/** Whether a member that reports `state` has come as far as `phase` of this rotation. */
export function hasReached(state: string | undefined, asked: string, phase: Phase): boolean {
  const reached = phaseIn(state, asked);
  return reached !== undefined && PHASES.indexOf(reached) >= PHASES.indexOf(phase);
}

/**
 * The keys of the Secret (not encoded) that change to bring this rotation to `phase`; undefined when it is there already, or
 * further. Pure but for `randomPassword`, which gives URL-safe text: whoever is killed between this and anything else
 * may ask again. In `prepared` a second login is known to the database and to PgBouncer beside the one that is
 * used, in `switched` the URLs carry the new one, in `retired` it is the only one.
 * Throws LoginSecretError.
 */
export function rotated(
  data: Readonly<Record<string, string>>,
  asked: string,
  phase: Phase,
  randomPassword: () => string,
): Record<string, string> | undefined {
  const known = loginsOf(data);
  if (hasReached(known.state, asked, phase)) return undefined;
  const isBegun = phaseIn(known.state, asked) !== undefined;
  const logins = isBegun ? known.logins : withAnother(known.logins, randomPassword());
  const newest = logins[logins.length - 1] as Login;
  const kept = phase === 'retired' ? [newest] : logins;
  return {
    LOGINS: JSON.stringify({ state: stateOf(asked, phase), logins: kept } satisfies Logins),
    'userlist.txt': kept.map(({ name, password }) => `"${name}" "${password}"\n`).join(''),
    ...(phase === 'prepared'
      ? {}
      : {
          DATABASE_URL: withLogin(data, 'DATABASE_URL', newest),
          MIGRATION_DATABASE_URL: withLogin(data, 'MIGRATION_DATABASE_URL', newest),
        }),
  };
}

/** The login that is used (the newest, should an earlier rotation not have ended), and one of another name. */
function withAnother(logins: readonly Login[], password: string): Login[] {
  const used = logins[logins.length - 1] as Login;
  const name = ALTERNATING.find((one) => one !== used.name) as string;
  return [used, { name, password }];
}

function loginsOf(data: Readonly<Record<string, string>>): Logins {
  if (data.LOGINS === undefined) {
    const password = data.APP_PASSWORD;
    if (!password) throw new LoginSecretError('the Secret has no key APP_PASSWORD');
    return { state: '', logins: [{ name: OWNER, password }] };
  }
  try {
    const { state, logins } = JSON.parse(data.LOGINS) as Logins;
    const isUsable = ({ name, password }: Login) =>
      [OWNER, ...ALTERNATING].includes(name) && typeof password === 'string' && password !== '';
    if (typeof state === 'string' && logins.length > 0 && logins.every(isUsable)) return { state, logins };
  } catch {
    // Said below, without a word of what it holds.
  }
  throw new LoginSecretError('the key LOGINS of the Secret is not what the operator writes');
}

function withLogin(data: Readonly<Record<string, string>>, key: string, { name, password }: Login): string {
  const text = data[key]?.trim() ?? '';
  if (!URL.canParse(text)) throw new LoginSecretError(`the key ${key} of the Secret holds no URL`);
  const url = new URL(text);
  url.username = name;
  url.password = password;
  return url.href;
}

function phaseIn(state: string | undefined, asked: string): Phase | undefined {
  return PHASES.find((phase) => state === stateOf(asked, phase));
}

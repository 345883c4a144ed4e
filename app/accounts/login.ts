import { Problem } from '../http/problem.ts';
import { hashPassword, NOBODYS_HASH, verifyPassword } from './password-hash.ts';
import { Crowded, createTurnstile } from './turnstile.ts';
import type { Account, UserStore } from './user-store.ts';

/** What passwords are needed for. Throws Problems: 503 when too many are being hashed already. */
export interface Passwords {
  /** A new account. Throws a 409 Problem when the address has one. */
  register(email: string, password: string): Promise<Account>;
  /** Throws a 401 Problem, with the same words and after the same work, whether the address or the password is wrong. */
  check(email: string, password: string): Promise<Account>;
  /** The hash that the password was found right against. Throws a 403 Problem when it is wrong. */
  confirm(account: Account, password: string): Promise<string>;
  /** Throws a 403 Problem when `current` is wrong. */
  change(account: Account, current: string, next: string): Promise<void>;
}

/** 24 MiB at most; a pod has cores for no more. */
const AT_ONCE = 2;
/** A second and a half of waiting at 20 ms each on a free core. */
const WAITING = 64;
/** Well before the deadline of a request, on a pod that is short of processor time. */
const LONGEST_WAIT_MS = 4_000;

export function createPasswords(users: UserStore): Passwords {
  const turnstile = createTurnstile({ atOnce: AT_ONCE, waiting: WAITING, longestWaitMs: LONGEST_WAIT_MS });
  const inTurn = <T>(work: () => Promise<T>): Promise<T> =>
    turnstile(work).catch((cause: unknown) => {
      if (!(cause instanceof Crowded)) throw cause;
      const detail = 'Too many people log in at this moment; please try again in a few seconds.';
      throw new Problem({ status: 503, kind: 'busy', detail, retryAfterS: 2, cause });
    });

  const confirm: Passwords['confirm'] = async ({ email }, password) => {
    const hash = (await users.byEmail(email))?.passwordHash ?? NOBODYS_HASH;
    const { matches } = await inTurn(() => verifyPassword(password, hash));
    if (matches) return hash;
    throw wrongPassword();
  };

  return {
    confirm,

    register: async (email, password) => {
      const account = await users.create(email, await inTurn(() => hashPassword(password)));
      if (account) return account;
      const detail = 'This address has an account already; log in instead.';
      throw new Problem({ status: 409, kind: 'email-taken', detail });
    },

    check: async (email, password) => {
      const found = await users.byEmail(email);
      const hash = found?.passwordHash ?? NOBODYS_HASH;
      const { matches, outdated } = await inTurn(() => verifyPassword(password, hash));
      if (!found || !matches) {
        const detail = 'The e-mail address or the password is wrong.';
        throw new Problem({ status: 401, kind: 'wrong-credentials', detail });
      }
      // The password is known only now: hashes made at another cost follow as people log in.
      if (outdated) await users.replaceHash(found.id, hash, await inTurn(() => hashPassword(password)));
      const { passwordHash: _, ...account } = found;
      return account;
    },

    change: async (account, current, next) => {
      const hash = await confirm(account, current);
      const replaced = await users.replaceHash(account.id, hash, await inTurn(() => hashPassword(next)));
      if (!replaced) throw wrongPassword();
    },
  };
}

/** Also for who has taken another password at the same moment. */
export function wrongPassword(): Problem {
  return new Problem({ status: 403, kind: 'wrong-password', detail: 'The current password is wrong.' });
}

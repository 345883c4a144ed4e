import { createHmac, scryptSync, timingSafeEqual } from 'node:crypto';

/** A request is good for so long: clocks of two nodes differ, and a copy of it is of no use later. */
const LIFETIME_MS = 120_000;
const SALT = 'cryptosense backup request 1';

const KEYS = new Map<string, Buffer>();

/** scrypt: a passphrase that people chose must not be guessed from a request that was overheard. */
function keyOf(passphrase: string): Buffer {
  const known = KEYS.get(passphrase) ?? scryptSync(passphrase, SALT, 32);
  KEYS.clear();
  KEYS.set(passphrase, known);
  return known;
}

/** Signs a request to an agent with what only the pods of the environment's backups know. `at` in ms since 1970. */
export function signed(passphrase: string, at: number, path: string, body: string): string {
  return createHmac('sha256', keyOf(passphrase)).update(`${at}\n${path}\n${body}`).digest('hex');
}

export function isSigned(
  passphrase: string,
  request: { at: number; path: string; body: string; signature: string },
  now: number,
): boolean {
  if (!(Math.abs(now - request.at) <= LIFETIME_MS)) return false;
  const right = Buffer.from(signed(passphrase, request.at, request.path, request.body));
  const given = Buffer.from(request.signature);
  return right.length === given.length && timingSafeEqual(right, given);
}

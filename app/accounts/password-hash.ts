import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';

const derive = promisify(argon2);

interface Cost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

// One of the equal choices of OWASP's password storage cheat sheet (argon2id, m=12 MiB, t=3, p=1): the one whose memory
// lets a small pod hash two passwords at once.
const COST: Cost = { memoryKib: 12_288, passes: 3, lanes: 1 };
const SALT_BYTES = 16;
const TAG_BYTES = 32;

/** What a hash of ours looks like: the PHC string format, as every argon2 library writes it. */
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

/** A password's characters, from 12 to 256: long enough not to be guessed, short enough to be hashed in no time. */
export const passwordSchema = z
  .string({ error: 'must be a text' })
  // The same password typed on two keyboards may differ in how its accents are encoded.
  .transform((text) => text.normalize('NFKC'))
  .pipe(
    z
      .string()
      .min(12, { error: 'must have at least 12 characters' })
      .max(256, { error: 'must have at most 256 characters' }),
  );

/** A password that somebody logs in with: one that breaks today's rules may be one of yesterday's. */
export const givenPassword = z
  .string({ error: 'must be a text' })
  .max(256, { error: 'must have at most 256 characters' })
  .transform((text) => text.normalize('NFKC'));

/** The argon2id hash of a password under a fresh salt, as a PHC string: some 20 ms of one core and 12 MiB. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const { memoryKib, passes, lanes } = COST;
  const tag = await tagOf(password, salt, COST, TAG_BYTES);
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${lanes}$${unpadded(salt)}$${unpadded(tag)}`;
}

/** Whether a hash is that of the password. `outdated` asks for a new hash: it was made at another cost. Throws when the hash is no PHC string. */
export async function verifyPassword(
  password: string,
  hash: string,
): Promise<{ matches: boolean; outdated: boolean }> {
  const [, m, t, p, salt, tag] = PHC.exec(hash) ?? [];
  if (salt === undefined || tag === undefined)
    throw new Error('the stored password hash is no argon2id string');
  const cost: Cost = { memoryKib: Number(m), passes: Number(t), lanes: Number(p) };
  const expected = Buffer.from(tag, 'base64');
  const found = await tagOf(password, Buffer.from(salt, 'base64'), cost, expected.length);
  const outdated =
    cost.memoryKib !== COST.memoryKib || cost.passes !== COST.passes || cost.lanes !== COST.lanes;
  return { matches: timingSafeEqual(found, expected), outdated };
}

/** A hash that no password has, which costs as much to check as any other: for e-mail addresses that nobody has. */
export const NOBODYS_HASH = [
  '$argon2id$v=19',
  `m=${COST.memoryKib},t=${COST.passes},p=${COST.lanes}`,
  unpadded(Buffer.alloc(SALT_BYTES)),
  unpadded(Buffer.alloc(TAG_BYTES)),
].join('$');

function tagOf(password: string, salt: Buffer, cost: Cost, tagLength: number): Promise<Buffer> {
  const { memoryKib: memory, passes, lanes: parallelism } = cost;
  return derive('argon2id', { message: password, nonce: salt, memory, passes, parallelism, tagLength });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

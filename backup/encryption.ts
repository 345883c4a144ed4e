import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  type Hash,
  type Hmac,
  pbkdf2Sync,
  randomBytes,
} from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

// The form of `openssl enc -aes-256-cbc -pbkdf2 -iter 600000 -md sha256`: whoever has the passphrase can read a dump
// without this program.
const MAGIC = Buffer.from('Salted__');
const SALT_BYTES = 8;
const HEADER_BYTES = MAGIC.length + SALT_BYTES;
const ITERATIONS = 600_000;

function keyAndIv(passphrase: string, salt: Buffer): { key: Buffer; iv: Buffer } {
  const bytes = pbkdf2Sync(passphrase, salt, ITERATIONS, 48, 'sha256');
  return { key: bytes.subarray(0, 32), iv: bytes.subarray(32) };
}

/** Encrypts what goes through. */
export function encrypting(passphrase: string): Transform {
  const salt = randomBytes(SALT_BYTES);
  const { key, iv } = keyAndIv(passphrase, salt);
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  return new Transform({
    construct(done) {
      this.push(Buffer.concat([MAGIC, salt]));
      done();
    },
    transform: (chunk: Buffer, _encoding, done) => done(null, cipher.update(chunk)),
    flush: (done) => done(null, cipher.final()),
  });
}

/** The opposite. Fails with one sentence when it is cut off, or was encrypted under another passphrase. */
export function decrypting(passphrase: string): Transform {
  let header = Buffer.alloc(0);
  let decipher: ReturnType<typeof createDecipheriv> | undefined;
  const wrong = () =>
    new Error('it cannot be decrypted: the passphrase is another one, or the file is cut off');
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      if (decipher) return done(null, decipher.update(chunk));
      header = Buffer.concat([header, chunk]);
      if (header.length < HEADER_BYTES) return done();
      if (!header.subarray(0, MAGIC.length).equals(MAGIC))
        return done(new Error('it is no dump of ours: it does not begin with Salted__'));
      const { key, iv } = keyAndIv(passphrase, header.subarray(MAGIC.length, HEADER_BYTES));
      decipher = createDecipheriv('aes-256-cbc', key, iv);
      return done(null, decipher.update(header.subarray(HEADER_BYTES)));
    },
    flush(done) {
      try {
        if (!decipher) throw wrong();
        done(null, decipher.final());
      } catch {
        done(wrong());
      }
    },
  });
}

/** What names the bytes that went through: their number, SHA-256, and HMAC under the passphrase. */
export class Seal extends Transform {
  bytes = 0;
  readonly #hash: Hash = createHash('sha256');
  readonly #hmac: Hmac;

  constructor(passphrase: string) {
    super();
    this.#hmac = createHmac('sha256', passphrase);
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.bytes += chunk.length;
    this.#hash.update(chunk);
    this.#hmac.update(chunk);
    done(null, chunk);
  }

  /** Once, when everything went through. */
  digests(): { sha256: string; hmac: string } {
    return { sha256: this.#hash.digest('hex'), hmac: this.#hmac.digest('hex') };
  }
}

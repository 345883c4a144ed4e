import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { dumpKey, unfinishedKey } from '../operator/backup/repository.ts';
import type { Bucket } from './bucket.ts';
import { lastWords } from './commands.ts';
import { encrypting, Seal } from './encryption.ts';

export interface Dump {
  readonly key: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly hmac: string;
}

/**
 * pg_dump, gzip, AES-256, upload under a temporary key. Only when pg_dump has ended with 0 and the storage lists every
 * byte, the dump gets its name. `url` opens the database. Throws an Error with one sentence, and leaves no dump then.
 */
export async function takeDump(
  bucket: Bucket,
  options: { url: string; prefix: string; name: string; passphrase: string; at: number; timeoutMs: number },
): Promise<Dump> {
  const { url, prefix, name, passphrase, at, timeoutMs } = options;
  const temporary = unfinishedKey(prefix, name);
  const deadline = AbortSignal.timeout(timeoutMs);
  const seal = new Seal(passphrase);
  try {
    await streamed(bucket, { url, temporary, passphrase, seal, deadline });
  } catch (error) {
    await bucket.remove(temporary).catch(() => {});
    if (deadline.aborted)
      throw new Error(`the dump was not done after ${timeoutMs / 1000} s and was given up`);
    throw error;
  }
  const listed = (await bucket.list(temporary)).find(({ key }) => key === temporary);
  if (listed?.bytes !== seal.bytes)
    throw new Error(
      `the storage lists ${listed?.bytes ?? 'no'} bytes of the dump, and ${seal.bytes} were sent`,
    );
  const key = dumpKey(prefix, at);
  await bucket.rename(temporary, key);
  return { key, sizeBytes: seal.bytes, ...seal.digests() };
}

async function streamed(
  bucket: Bucket,
  {
    url,
    temporary,
    passphrase,
    seal,
    deadline,
  }: { url: string; temporary: string; passphrase: string; seal: Seal; deadline: AbortSignal },
): Promise<void> {
  const args = ['--format=plain', '--no-owner', '--no-privileges', '--lock-wait-timeout=60s'];
  // The login is in the environment of the process, not in its arguments.
  const child = spawn('pg_dump', args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...loginOf(url) },
  });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = `${words}${chunk}`.slice(-10_000);
  });
  const stop = () => child.kill('SIGKILL');
  deadline.addEventListener('abort', stop, { once: true });
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`pg_dump cannot be started: ${error.message}`)));
    child.once('close', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`pg_dump ended with ${code ?? signal}: ${lastWords(words)}`)),
    );
  });
  ended.catch(() => {});
  const body = new PassThrough();
  // The upload must not end well before pg_dump did: a dump that broke off would look whole.
  const whole = pipeline(
    child.stdout,
    createGzip(),
    encrypting(passphrase),
    seal,
    async function* (chunks: AsyncIterable<Buffer>) {
      yield* chunks;
      await ended;
    },
    body,
    { signal: deadline },
  );
  try {
    await Promise.all([whole, bucket.upload(temporary, body, deadline)]);
  } catch (error) {
    stop();
    // What pg_dump says is the reason; that the upload broke off is only what follows.
    await ended.catch((first: unknown) => {
      if (!deadline.aborted && child.signalCode === null) throw first;
    });
    throw error;
  }
}

/** libpq's variables for a postgresql:// URL. */
function loginOf(url: string): Record<string, string> {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    PGHOST: hostname,
    PGPORT: port || '5432',
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    PGCONNECT_TIMEOUT: '15',
    PGAPPNAME: 'cryptosense-dump',
  };
}

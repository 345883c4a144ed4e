import { Agent } from 'node:https';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { BackupSettings, Secrets } from './settings.ts';

const CONNECT_MS = 10_000;
/** Without a byte for so long, a request is tried again. */
const SILENCE_MS = 30_000;
const ATTEMPTS = 3;

/** Larger objects cannot be copied in one call. */
const LARGEST_COPY = 5 * 2 ** 30;

/** The S3-compatible storage, as far as dumps and records need it. Every method throws an Error with one sentence. */
export class Bucket {
  readonly #client: S3Client;
  readonly #name: string;
  readonly #endpoint: string;

  constructor({ bucket }: Pick<BackupSettings, 'bucket'>, secrets: Secrets) {
    this.#name = bucket.name;
    this.#endpoint = bucket.endpoint;
    this.#client = new S3Client({
      endpoint: bucket.endpoint,
      region: bucket.region,
      forcePathStyle: true,
      maxAttempts: ATTEMPTS,
      credentials: { accessKeyId: secrets.accessKeyId, secretAccessKey: secrets.secretAccessKey },
      // Storages other than Amazon's do not all know the newer checksums; SHA-256 of dumps is in their records.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: new NodeHttpHandler({
        connectionTimeout: CONNECT_MS,
        requestTimeout: SILENCE_MS,
        socketTimeout: SILENCE_MS,
        throwOnRequestTimeout: true,
        httpsAgent: new Agent({ keepAlive: true, ...(secrets.ca ? { ca: secrets.ca } : {}) }),
      }),
    });
  }

  /** Throws when the bucket does not keep versions: an overwritten or deleted backup would be gone. */
  async assertVersioned(): Promise<void> {
    const { Status } = await this.#do('asking for its versions', () =>
      this.#client.send(new GetBucketVersioningCommand({ Bucket: this.#name })),
    );
    if (Status !== 'Enabled')
      throw new Error(
        `the bucket ${this.#name} keeps no versions, so that one wrong write would destroy a backup: switch versioning on in the storage`,
      );
  }

  /** Uploads what `body` gives, in parts. Returns the bytes. Nothing is there under the key when it fails. */
  async upload(key: string, body: Readable, signal?: AbortSignal): Promise<void> {
    const upload = new Upload({
      client: this.#client,
      params: { Bucket: this.#name, Key: key, Body: body },
      // 10,000 parts at most: enough for a dump of 156 GiB.
      partSize: 16 * 2 ** 20,
      queueSize: 2,
    });
    signal?.addEventListener('abort', () => void upload.abort().catch(() => {}), { once: true });
    await this.#do(`uploading ${key}`, () => upload.done());
  }

  async put(key: string, text: string): Promise<void> {
    const params = { Bucket: this.#name, Key: key, Body: text, ContentType: 'application/json' };
    await this.#do(`writing ${key}`, () => this.#client.send(new PutObjectCommand(params)));
  }

  /** Undefined when there is none. */
  async size(key: string): Promise<number | undefined> {
    const params = { Bucket: this.#name, Key: key };
    const found = await this.#do(`looking for ${key}`, () =>
      this.#client.send(new HeadObjectCommand(params)).catch(unlessMissing),
    );
    return found?.ContentLength;
  }

  /** Undefined when there is none. */
  async text(key: string): Promise<string | undefined> {
    const found = await this.#do(`reading ${key}`, () =>
      this.#client.send(new GetObjectCommand({ Bucket: this.#name, Key: key })).catch(unlessMissing),
    );
    return found?.Body?.transformToString();
  }

  async read(key: string): Promise<Readable> {
    const params = { Bucket: this.#name, Key: key };
    const { Body } = await this.#do(`reading ${key}`, () => this.#client.send(new GetObjectCommand(params)));
    if (!(Body instanceof Readable)) throw new Error(`${key} has no content`);
    return Body;
  }

  /** Keys that begin with `prefix`, in their order. */
  async list(prefix: string): Promise<{ key: string; bytes: number }[]> {
    const found: { key: string; bytes: number }[] = [];
    let token: string | undefined;
    do {
      const page = await this.#do(`listing ${prefix}`, () =>
        this.#client.send(
          new ListObjectsV2Command({ Bucket: this.#name, Prefix: prefix, ContinuationToken: token }),
        ),
      );
      for (const { Key, Size } of page.Contents ?? []) if (Key) found.push({ key: Key, bytes: Size ?? 0 });
      token = page.NextContinuationToken;
    } while (token);
    return found;
  }

  /** S3 knows no renaming: a copy, and then the old key goes. */
  async rename(from: string, to: string): Promise<void> {
    const bytes = await this.size(from);
    if (bytes === undefined) throw new Error(`${from} is not in the bucket`);
    if (bytes > LARGEST_COPY) await this.upload(to, await this.read(from));
    else {
      const source = `${this.#name}/${from}`.split('/').map(encodeURIComponent).join('/');
      const params = { Bucket: this.#name, Key: to, CopySource: source };
      await this.#do(`renaming ${from}`, () => this.#client.send(new CopyObjectCommand(params)));
    }
    if ((await this.size(to)) !== bytes) throw new Error(`${to} is not as long as ${from} was`);
    await this.remove(from);
  }

  /** The versions of before stay in the bucket. */
  async remove(key: string): Promise<void> {
    await this.#do(`removing ${key}`, () =>
      this.#client.send(new DeleteObjectCommand({ Bucket: this.#name, Key: key })),
    );
  }

  close(): void {
    this.#client.destroy();
  }

  async #do<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new Error(`${what} in bucket ${this.#name} at ${this.#endpoint} failed: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }
}

function unlessMissing(error: unknown): undefined {
  const { $metadata, name } = error as { $metadata?: { httpStatusCode?: number }; name?: string };
  if (name !== 'NoSuchBucket' && $metadata?.httpStatusCode === 404) return undefined;
  throw error;
}

function reasonOf(error: unknown): string {
  const { name, message, code } = error as { name?: string; message?: string; code?: string };
  if (name === 'NoSuchBucket') return 'there is no such bucket';
  if (name === 'AggregateError' || code === 'ECONNREFUSED') return `nobody answers there (${code ?? name})`;
  return [name === 'Error' ? undefined : name, message ?? String(error)].filter(Boolean).join(': ');
}

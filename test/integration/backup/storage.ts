import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Bucket } from '../../../backup/bucket.ts';
import { versitygwBinary } from '../../../local/node/binaries.ts';
import { CertificateAuthority } from '../certificate-authority.ts';
import { endProcess, eventually, freePorts, startProcess } from '../processes.ts';

/** By this name containers reach the storage; its certificate is for it and for localhost. */
export const STORAGE_HOST = 's3.test';

const REGION = 'us-east-1';

/**
 * An S3-compatible server with versions, over TLS with a certificate of an authority of its own, on this machine's disk.
 * Before it is a door that can be shut.
 */
export class Storage {
  readonly accessKeyId = 'test-access-key';
  readonly secretAccessKey = 'test-secret-key';
  /** PEM of who signed its certificate. */
  readonly ca: string;
  readonly #folder: string;
  readonly #server: ChildProcess;
  readonly #door: Door;

  private constructor(folder: string, ca: string, server: ChildProcess, door: Door) {
    this.#folder = folder;
    this.ca = ca;
    this.#server = server;
    this.#door = door;
  }

  /** @param names other names by which it is to be reached. */
  static async start(names: readonly string[] = []): Promise<Storage> {
    const binary = await versitygwBinary(() => {});
    const folder = await mkdtemp(join(tmpdir(), 'storage-'));
    const authority = new CertificateAuthority();
    const { cert, key } = authority.signServer([STORAGE_HOST, 'localhost', ...names]);
    await writeFile(join(folder, 'tls.crt'), cert);
    await writeFile(join(folder, 'tls.key'), key, { mode: 0o600 });
    for (const name of ['data', 'versions', 'sidecar']) await mkdir(join(folder, name));
    const [port = 0] = await freePorts(1);
    const door = await Door.before(port);
    const env = { ROOT_ACCESS_KEY: 'test-access-key', ROOT_SECRET_KEY: 'test-secret-key' };
    const args = ['--port', `127.0.0.1:${port}`, '--region', REGION, '--quiet'];
    const tls = ['--cert', join(folder, 'tls.crt'), '--key', join(folder, 'tls.key')];
    const posix = [
      'posix',
      '--versioning-dir',
      join(folder, 'versions'),
      '--sidecar',
      join(folder, 'sidecar'),
    ];
    const all = [...args, ...tls, ...posix, join(folder, 'data')];
    const server = startProcess(binary, all, join(folder, 'log'), env);
    const storage = new Storage(folder, authority.certificate, server, door);
    try {
      await eventually('the storage answers', async () => {
        if (server.exitCode !== null) throw new Error(`versitygw ended: ${await storage.log()}`);
        return storage
          .client()
          .send(new CreateBucketCommand({ Bucket: 'first' }))
          .then(
            () => true,
            (error: Error) => error.name === 'BucketAlreadyOwnedByYou',
          );
      });
    } catch (error) {
      await storage.stop();
      throw error;
    }
    return storage;
  }

  /** Its address for containers that know STORAGE_HOST. */
  get endpoint(): string {
    return `https://${STORAGE_HOST}:${this.port}`;
  }

  get port(): number {
    return this.#door.port;
  }

  /** Its address on this machine. */
  get localEndpoint(): string {
    return `https://localhost:${this.port}`;
  }

  client(): S3Client {
    return new S3Client({
      endpoint: this.localEndpoint,
      region: REGION,
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: { accessKeyId: this.accessKeyId, secretAccessKey: this.secretAccessKey },
      requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca: this.ca }) }),
    });
  }

  async createBucket(name: string, { versions = true } = {}): Promise<void> {
    const client = this.client();
    await client.send(new CreateBucketCommand({ Bucket: name }));
    if (versions) await this.switchVersions(name, 'Enabled');
    client.destroy();
  }

  async switchVersions(name: string, status: 'Enabled' | 'Suspended'): Promise<void> {
    const client = this.client();
    const VersioningConfiguration = { Status: status } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }));
    client.destroy();
  }

  /** The program's own view of a bucket. */
  bucket(name: string): Bucket {
    const { accessKeyId, secretAccessKey, ca } = this;
    const bucket = { endpoint: this.localEndpoint, region: REGION, name };
    return new Bucket({ bucket }, { accessKeyId, secretAccessKey, passphrase: '', ca });
  }

  /** Files of a bucket on the disk, as keys; a test may damage them as a disk would. */
  async files(bucket: string): Promise<string[]> {
    const entries = await readdir(join(this.#folder, 'data', bucket), {
      recursive: true,
      withFileTypes: true,
    });
    const root = join(this.#folder, 'data', bucket).length + 1;
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root))
      .sort();
  }

  pathOf(bucket: string, key: string): string {
    return join(this.#folder, 'data', bucket, key);
  }

  /** One bit of the byte in the middle is another one. */
  async flipByte(bucket: string, key: string): Promise<void> {
    const bytes = await readFile(this.pathOf(bucket, key));
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    await writeFile(this.pathOf(bucket, key), bytes);
  }

  /** Shut: every connection is reset. Silent: connections are taken and carry nothing. */
  set door(state: 'open' | 'shut' | 'silent') {
    this.#door.state = state;
  }

  log(): Promise<string> {
    return readFile(join(this.#folder, 'log'), 'utf8').catch(() => '');
  }

  async stop(): Promise<void> {
    await this.#door.stop();
    await endProcess(this.#server);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A TCP proxy on every address of this machine, so that containers reach it. */
class Door {
  readonly #server: Server;
  readonly #pairs = new Set<[Socket, Socket | undefined]>();
  #state: 'open' | 'shut' | 'silent' = 'open';

  private constructor(targetPort: number) {
    this.#server = createServer((near) => this.#pass(near, targetPort));
  }

  static async before(targetPort: number): Promise<Door> {
    const door = new Door(targetPort);
    await new Promise<void>((resolve) => door.#server.listen(0, '0.0.0.0', resolve));
    return door;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  set state(state: 'open' | 'shut' | 'silent') {
    this.#state = state;
    for (const [near, far] of this.#pairs) {
      if (state === 'open') near.destroy();
      else if (state === 'shut') near.resetAndDestroy();
      else far?.unpipe(near).resume();
    }
  }

  async stop(): Promise<void> {
    this.state = 'shut';
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(near: Socket, targetPort: number): void {
    if (this.#state === 'shut') {
      near.resetAndDestroy();
      return;
    }
    const far = this.#state === 'open' ? connect(targetPort, '127.0.0.1') : undefined;
    const pair: [Socket, Socket | undefined] = [near, far];
    this.#pairs.add(pair);
    near
      .on('error', () => {})
      .on('close', () => {
        far?.destroy();
        this.#pairs.delete(pair);
      });
    // After an orderly end what is still on its way to the other side gets there: pipe ends it after that.
    far?.on('error', () => near.resetAndDestroy());
    if (far) near.pipe(far).pipe(near);
    else near.resume();
  }
}

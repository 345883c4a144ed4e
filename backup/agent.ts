import { statfs } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import postgres from 'postgres';
import { AGENT_PORT } from '../operator/backup/agent.ts';
import type { ArchiveState } from '../operator/backup/archive.ts';
import { archiveState } from './archive.ts';
import { takeFull } from './full.ts';
import { metricsOf } from './metrics.ts';
import { backupsIn, ensureStanza, expireArchive, expireBackup } from './repository.ts';
import { type BackupSettings, readSecrets } from './settings.ts';
import { isSigned } from './signature.ts';

const STANZA_AGAIN_MS = 15_000;
const HEARTBEAT_MS = 5_000;
const MOST_BYTES = 10_000;

/** What the Job asks for. */
export interface FullRequest {
  readonly name: string;
  readonly timeoutMs: number;
}

export interface ExpireRequest {
  readonly backups: readonly { readonly stanza: string; readonly label: string }[];
  readonly timeoutMs: number;
}

/** HTTP status of an agent that is at work: it can be asked again. */
export const BUSY = 409;

/**
 * Runs beside a member of the database and has no data of its own: makes the stanza as soon as the member is primary and
 * the storage answers, says how the archiving stands (GET /archive, /metrics), and writes the repository when a request is
 * signed with the passphrase (POST /full, /expire). Resolves when it listens.
 */
export async function startAgent(
  settings: BackupSettings,
  port = AGENT_PORT,
): Promise<{ close(): Promise<void> }> {
  const sql = postgres({
    host: process.env.PGHOST ?? '/var/run/postgresql',
    port: 5432,
    user: 'postgres',
    database: 'postgres',
    max: 2,
    connect_timeout: 5,
    onnotice: () => {},
    connection: { application_name: 'cryptosense-backup' },
  });
  const agent = new Agent(sql, settings);
  const server: Server = createServer((asked, answer) => {
    agent.serve(asked, answer).catch((error: unknown) => fail(answer, 500, String((error as Error).message)));
  });
  await new Promise<void>((resolve) => server.listen(port, resolve));
  agent.begin();
  return {
    close: async () => {
      agent.end();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await sql.end({ timeout: 5 });
    },
  };
}

class Agent {
  readonly #sql: postgres.Sql;
  readonly #settings: BackupSettings;
  readonly #stop = new AbortController();
  #stanzaProblem: string | undefined = 'it was not looked at yet';
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isBusy = false;

  constructor(sql: postgres.Sql, settings: BackupSettings) {
    this.#sql = sql;
    this.#settings = settings;
  }

  begin(): void {
    const look = async () => {
      if (this.#stanzaProblem !== undefined) await this.#lookAtStanza();
      if (!this.#stop.signal.aborted) this.#timer = setTimeout(look, STANZA_AGAIN_MS);
    };
    void look();
  }

  end(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
  }

  async serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const what = `${asked.method} ${asked.url}`;
    if (what === 'GET /healthz') return json(answer, 200, { ok: true });
    if (what === 'GET /archive') return json(answer, 200, await this.#state());
    if (what === 'GET /metrics') {
      answer
        .writeHead(200, { 'content-type': 'text/plain; version=0.0.4' })
        .end(metricsOf(await this.#state()));
      return undefined;
    }
    if (what === 'POST /full')
      return this.#work<FullRequest>(asked, answer, ({ name, timeoutMs }, signal) =>
        takeFull(this.#sql, { stanza: this.#settings.stanza, name, timeoutMs, signal }),
      );
    if (what === 'POST /expire')
      return this.#work<ExpireRequest>(asked, answer, (request) => expireAll(this.#settings.stanza, request));
    return fail(answer, 404, `there is no ${what}`);
  }

  async #state(): Promise<ArchiveState> {
    const state = await archiveState(this.#sql);
    const disk = await statfs(process.env.PGDATA ?? '/var/lib/postgresql/data').catch(() => undefined);
    return {
      ...state,
      ...(disk ? { diskFree: disk.bavail * disk.bsize } : {}),
      ...(this.#stanzaProblem && state.isPrimary ? { stanzaProblem: this.#stanzaProblem } : {}),
    };
  }

  /** One look at a time: two of them would be in the way of each other, as pgBackRest takes a lock. */
  #lookAtStanza(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    try {
      const [row] = await this.#sql<{ standby: boolean }[]>`select pg_is_in_recovery() as standby`;
      if (row?.standby) {
        this.#stanzaProblem = 'this member is a standby';
        return;
      }
      await ensureStanza(this.#stop.signal);
      this.#stanzaProblem = undefined;
    } catch (error) {
      this.#stanzaProblem = (error as Error).message;
    }
  }

  /** One at a time: pgBackRest's own locks hold on one host only, and all that writes the repository has to be here. */
  async #work<T>(
    asked: IncomingMessage,
    answer: ServerResponse,
    work: (request: T, signal: AbortSignal) => Promise<unknown>,
  ): Promise<void> {
    const body = await textOf(asked);
    const { passphrase } = readSecrets();
    const at = Number(asked.headers['x-time']);
    const signature = String(asked.headers['x-signature'] ?? '');
    if (!isSigned(passphrase, { at, path: asked.url ?? '', body, signature }, Date.now()))
      return fail(
        answer,
        401,
        'the request is not signed with the passphrase, or the clocks differ by two minutes',
      );
    if (this.#isBusy) return fail(answer, BUSY, 'another one is at work on the repository');
    this.#isBusy = true;
    const gone = new AbortController();
    answer.once('close', () => gone.abort());
    // One line every few seconds: who asked sees that this pod still works on it, and this pod that it is still wanted.
    answer.writeHead(200, { 'content-type': 'application/x-ndjson' });
    const heartbeat = setInterval(() => answer.write('{"state":"running"}\n'), HEARTBEAT_MS);
    const say = (value: unknown) => answer.end(`${JSON.stringify(value)}\n`);
    try {
      await this.#lookAtStanza();
      if (this.#stanzaProblem) throw new Error(this.#stanzaProblem);
      const signal = AbortSignal.any([gone.signal, this.#stop.signal]);
      say({ state: 'done', result: await work(JSON.parse(body) as T, signal) });
    } catch (error) {
      say({ state: 'failed', message: (error as Error).message });
    } finally {
      clearInterval(heartbeat);
      this.#isBusy = false;
    }
  }
}

/** Takes backups out of the repository, and then the log that nothing needs. */
async function expireAll(stanza: string, { backups }: ExpireRequest): Promise<void> {
  for (const { stanza: its, label } of backups) {
    const isThere = (await backupsIn(its)).some((backup) => backup.label === label);
    if (isThere) await expireBackup(its, label);
  }
  await expireArchive(stanza);
}

async function textOf(asked: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of asked as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error('the request is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function json(answer: ServerResponse, code: number, value: unknown): void {
  answer.writeHead(code, { 'content-type': 'application/json' }).end(`${JSON.stringify(value)}\n`);
}

function fail(answer: ServerResponse, code: number, message: string): void {
  if (answer.headersSent) answer.end();
  else json(answer, code, { message });
}

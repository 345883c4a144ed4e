import { lookup } from 'node:dns/promises';
import { setTimeout as after } from 'node:timers/promises';
import { AGENT_PORT } from '../operator/backup/agent.ts';
import type { ArchiveState } from '../operator/backup/archive.ts';
import { BUSY, type ExpireRequest, type FullRequest } from './agent.ts';
import type { FullBackup } from './full.ts';
import type { BackupSettings } from './settings.ts';
import { signed } from './signature.ts';

const LOOK_MS = 10_000;
/** An agent says something every five seconds. */
const SILENCE_MS = 60_000;
const AGAIN_MS = 10_000;

type Line<T> = { state: 'running' } | { state: 'done'; result: T } | { state: 'failed'; message: string };

/** The agent beside the primary, as http://host:port. Throws with one sentence when no member is primary. */
export async function primaryAgent(
  { database }: Pick<BackupSettings, 'database'>,
  port = AGENT_PORT,
): Promise<string> {
  const addresses = await lookup(database.members, { all: true }).catch((error: Error) => {
    throw new Error(`the members of the database cannot be found: ${error.message}`);
  });
  const problems: string[] = [];
  for (const { address } of addresses) {
    const url = `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
    try {
      const answer = await fetch(`${url}/archive`, { signal: AbortSignal.timeout(LOOK_MS) });
      const state = (await answer.json()) as ArchiveState & { message?: string };
      if (!answer.ok) problems.push(`${address}: ${state.message}`);
      else if (state.isPrimary) return url;
      else problems.push(`${address} is a standby`);
    } catch (error) {
      const { message, cause } = error as Error & { cause?: Error };
      problems.push(`${address}: ${cause?.message ?? message}`);
    }
  }
  throw new Error(
    `no member of the database is a primary that takes backups: ${problems.join('; ') || 'there is none'}`,
  );
}

/** Asks an agent for a full backup and waits for it. When this process ends, the backup ends too. */
export function askForFull(url: string, passphrase: string, request: FullRequest): Promise<FullBackup> {
  return ask(`${url}/full`, passphrase, request);
}

/** Asks an agent to take backups out of the repository. */
export function askToExpire(url: string, passphrase: string, request: ExpireRequest): Promise<void> {
  return ask(`${url}/expire`, passphrase, request);
}

/** While the agent is at work for somebody else it is asked again. Rejects with one sentence. */
async function ask<T>(url: string, passphrase: string, request: { timeoutMs: number }): Promise<T> {
  const silence = new AbortController();
  const ended = AbortSignal.any([silence.signal, AbortSignal.timeout(request.timeoutMs)]);
  const quiet = () => silence.abort(new Error(`the agent said nothing for ${SILENCE_MS / 1000} s`));
  let timer = setTimeout(quiet, SILENCE_MS);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(quiet, SILENCE_MS);
  };
  try {
    for (;;) {
      const answer = await post(url, passphrase, JSON.stringify(request), ended);
      heard();
      if (answer.status === BUSY) {
        await answer.text();
        await after(AGAIN_MS, undefined, { signal: ended });
        continue;
      }
      if (!answer.ok || !answer.body) throw new Error(((await answer.json()) as { message: string }).message);
      return await lastLine<T>(answer.body, heard);
    }
  } catch (error) {
    if (ended.aborted)
      throw new Error(`the agent was not waited for any more: ${(ended.reason as Error).message}`);
    const { message, cause } = error as Error & { cause?: Error };
    throw new Error(cause ? `the agent beside the database cannot be reached: ${cause.message}` : message);
  } finally {
    clearTimeout(timer);
  }
}

function post(url: string, passphrase: string, body: string, signal: AbortSignal): Promise<Response> {
  const at = Date.now();
  const signature = signed(passphrase, at, new URL(url).pathname, body);
  return fetch(url, {
    method: 'POST',
    body,
    headers: { 'x-time': String(at), 'x-signature': signature },
    signal,
  });
}

/** What the last line of an answer says. */
async function lastLine<T>(body: ReadableStream<Uint8Array>, heard: () => void): Promise<T> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    heard();
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const said = JSON.parse(line) as Line<T>;
      if (said.state === 'done') return said.result;
      if (said.state === 'failed') throw new Error(said.message);
    }
  }
  throw new Error('the database pod ended before the work was done');
}

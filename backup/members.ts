import { lookup } from 'node:dns/promises';
import { AGENT_PORT } from '../operator/backup/agent.ts';
import type { ArchiveState } from '../operator/backup/archive.ts';
import type { FullRequest } from './agent.ts';
import type { FullBackup } from './full.ts';
import type { BackupSettings } from './settings.ts';
import { signed } from './signature.ts';

const LOOK_MS = 10_000;
/** An agent says something every five seconds. */
const SILENCE_MS = 60_000;

type Line =
  | { state: 'running' }
  | { state: 'done'; backup: FullBackup }
  | { state: 'failed'; message: string };

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
export async function askForFull(url: string, passphrase: string, request: FullRequest): Promise<FullBackup> {
  const body = JSON.stringify(request);
  const at = Date.now();
  const silence = new AbortController();
  const ended = AbortSignal.any([silence.signal, AbortSignal.timeout(request.timeoutMs)]);
  const quiet = () => silence.abort(new Error(`the agent said nothing for ${SILENCE_MS / 1000} s`));
  let timer = setTimeout(quiet, SILENCE_MS);
  try {
    const answer = await fetch(`${url}/full`, {
      method: 'POST',
      body,
      headers: { 'x-time': String(at), 'x-signature': signed(passphrase, at, '/full', body) },
      signal: ended,
    });
    if (!answer.ok || !answer.body) throw new Error(((await answer.json()) as { message: string }).message);
    let rest = '';
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      clearTimeout(timer);
      timer = setTimeout(quiet, SILENCE_MS);
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const said = JSON.parse(line) as Line;
        if (said.state === 'done') return said.backup;
        if (said.state === 'failed') throw new Error(said.message);
      }
    }
    throw new Error('the database pod ended before the backup was complete');
  } catch (error) {
    if (ended.aborted) throw new Error(`the full backup was given up: ${(ended.reason as Error).message}`);
    const { message, cause } = error as Error & { cause?: Error };
    throw new Error(cause ? `the agent beside the database cannot be reached: ${cause.message}` : message);
  } finally {
    clearTimeout(timer);
  }
}

import { Agent, type Dispatcher, request } from 'undici';
import { type AllowedHosts, guardedLookup } from './destination.ts';
import { signatureOf } from './generic.ts';
import type { Destination } from './secrets.ts';

/** What a receiver made of one try. `problem` has neither the URL nor anything else of it. */
export type Answer =
  | { type: 'taken' }
  | { type: 'failed'; problem: string; retryAfterMs?: number }
  /** It will not take this message, however often it is tried. */
  | { type: 'refused'; problem: string };

const TIMEOUT_MS = 10_000;
const MOST_OF_AN_ANSWER = 4_096;
/** One that is slow or dead holds so many connections, and none of another's. */
const CONNECTIONS_A_RECEIVER = 4;
/** What is wrong with the message itself, and an address that is given up by its owner. */
const FOR_GOOD = [400, 410, 413, 422];
/** Slack's answers are words like no_service; nothing else of an answer is repeated to anybody. */
const WORD = /^[a-z]{1,20}(_[a-z]{1,20}){1,4}$/;
const PROBLEMS: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  ENOTFOUND: 'its host is not known',
  EAI_AGAIN: 'its host cannot be looked up',
  EBLOCKED: 'its host is at an address that no message may go to',
  EHOSTUNREACH: 'its host cannot be reached',
  ENETUNREACH: 'its network cannot be reached',
  UND_ERR_CONNECT_TIMEOUT: 'the connection took too long',
  UND_ERR_SOCKET: 'the connection was cut',
};

export function receiversAgent(allowed: AllowedHosts): Agent {
  return new Agent({
    connections: CONNECTIONS_A_RECEIVER,
    connect: { lookup: guardedLookup(allowed), timeout: TIMEOUT_MS },
    allowH2: false,
  });
}

/**
 * One try to deliver a message. Never throws. Redirects are not followed: where a message goes is written in the Secret
 * and nowhere else.
 */
export async function post(
  dispatcher: Dispatcher,
  { url, key }: Destination,
  message: { id: string; kind: string; body: string },
  signal: AbortSignal,
): Promise<Answer> {
  const { username, password } = url;
  const target = new URL(url);
  target.username = '';
  target.password = '';
  try {
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const answer = await request(target, {
      dispatcher,
      method: 'POST',
      body: message.body,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'cryptosense-operator',
        'x-cryptosense-delivery': message.id,
        'x-cryptosense-event': message.kind,
        ...(key ? signatureOf(key, message.id, message.body, Date.now()) : {}),
        ...(username || password ? { authorization: `Basic ${Buffer.from(login).toString('base64')}` } : {}),
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    return answerOf(answer.statusCode, answer.headers['retry-after'], await beginning(answer.body));
  } catch (error) {
    return { type: 'failed', problem: problemOf(error) };
  }
}

function answerOf(code: number, retryAfter: string | string[] | undefined, text: string): Answer {
  if (code >= 200 && code < 300) return { type: 'taken' };
  const word = WORD.test(text.trim()) ? ` (${text.trim()})` : '';
  const redirect =
    code >= 300 && code < 400
      ? ', a redirect, which is not followed: write the address that it leads to'
      : '';
  const problem = `it answered ${code}${word}${redirect}`;
  if (FOR_GOOD.includes(code)) return { type: 'refused', problem };
  const waitMs = milliseconds(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter);
  return { type: 'failed', problem, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
}

/** Retry-After: seconds, or the date of a moment. */
function milliseconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}

/** What is longer than a word is of no interest, and an answer without end is cut off. */
async function beginning(body: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of body) {
    text += chunk.toString('utf8');
    if (text.length > MOST_OF_AN_ANSWER) break;
  }
  return text;
}

function problemOf(error: unknown): string {
  const { name, code } = error as { name?: string; code?: string };
  if (name === 'TimeoutError' || name === 'AbortError')
    return `it did not answer within ${TIMEOUT_MS / 1_000} s`;
  if (code !== undefined && PROBLEMS[code]) return PROBLEMS[code];
  if (code?.includes('CERT') || code?.includes('SELF_SIGNED') || code?.startsWith('ERR_TLS'))
    return `its certificate is not trusted (${code})`;
  return `it could not be reached${code === undefined ? '' : ` (${code})`}`;
}

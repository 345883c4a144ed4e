import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Agent, fetch } from 'undici';

/** Longer answers are no figures. */
const LONGEST_BODY = 1024 * 1024;

/** Cloud providers hand out credentials of the machine there: no resource may have the operator ask for them. */
const FORBIDDEN = new BlockList();
FORBIDDEN.addSubnet('169.254.0.0', 16, 'ipv4');
FORBIDDEN.addSubnet('fe80::', 10, 'ipv6');
FORBIDDEN.addAddress('fd00:ec2::254', 'ipv6');

export interface Question {
  readonly url: string;
  readonly timeoutMs: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as a form with POST; without it the question is a GET. */
  readonly form?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * Asks over HTTP; redirects are not followed, because they would take the headers along. Throws a sentence that names the
 * server, and neither headers nor the answer: both may be secret.
 */
export async function askHttp({ url, timeoutMs, headers = {}, form }: Question): Promise<Answer> {
  const { host, hostname } = parsed(url);
  if (isForbidden(hostname.replace(/^\[|\]$/g, ''))) throw new Error(refusal(host));
  try {
    const answer = await fetch(url, {
      dispatcher: agent,
      redirect: 'manual',
      headers: { ...headers },
      signal: AbortSignal.timeout(timeoutMs),
      ...(form ? { method: 'POST', body: new URLSearchParams({ ...form }) } : {}),
    });
    return { status: answer.status, body: await bodyOf(answer.body) };
  } catch (error) {
    throw new Error(`${host} ${reasonOf(error as Error, timeoutMs)}`);
  }
}

class TooLong extends Error {}
class Forbidden extends Error {}

async function bodyOf(stream: AsyncIterable<Uint8Array> | null): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream ?? []) {
    length += part.length;
    if (length > LONGEST_BODY) throw new TooLong();
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function reasonOf(error: Error, timeoutMs: number): string {
  if (error.name === 'TimeoutError') return `did not answer in ${timeoutMs} ms`;
  if (error instanceof TooLong) return `answered with more than ${LONGEST_BODY} bytes`;
  const cause = error.cause as { code?: string } | undefined;
  if (cause instanceof Forbidden) return 'is a link-local address, where the operator asks nothing';
  return `cannot be asked (${cause?.code ?? 'the connection failed'})`;
}

function refusal(host: string): string {
  return `${host} is a link-local address, where the operator asks nothing`;
}

function parsed(url: string): URL {
  try {
    return new URL(url);
  } catch {
    throw new Error(`"${url}" is no address: write it as http://host:port/path`);
  }
}

function isForbidden(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && FORBIDDEN.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

/** A name is looked at when it is resolved for the connection: it may mean something else than a moment ago. */
const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, options, (error, address, family) => {
    const addresses = Array.isArray(address) ? address.map((one) => one.address) : [address];
    const isWrong = error === null && addresses.some((one) => isForbidden(one));
    callback(isWrong ? (new Forbidden() as NodeJS.ErrnoException) : error, address as string, family);
  });
};

const agent = new Agent({ connect: { lookup: guardedLookup }, keepAliveTimeout: 1_000 });

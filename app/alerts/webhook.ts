import { createHmac, randomBytes } from 'node:crypto';
import type { lookup } from 'node:dns';
import { Agent, request } from 'undici';
import { checkedLookup, isPublicAddress, NotPublic } from './public-address.ts';
import { mistakeInWebhookUrl, type WebhookTargets } from './webhook-url.ts';

/** A message to a webhook, after https://www.standardwebhooks.com. */
export interface WebhookMessage {
  readonly url: string;
  readonly secret: string;
  /** The same at each attempt: whoever gets a message twice sees it by this. */
  readonly id: string;
  readonly body: string;
}

/** What became of an attempt. `detail` is shown to the user and says nothing of what was answered but its status. */
export type Outcome =
  | { readonly result: 'delivered' }
  | { readonly result: 'try-again' | 'refused'; readonly detail: string };

export interface WebhookSender {
  send(message: WebhookMessage): Promise<Outcome>;
  close(): Promise<void>;
}

const DEADLINE_MS = 5_000;
const MOST_OF_AN_ANSWER = 16_384;
const SECRET_PREFIX = 'whsec_';

export const newWebhookSecret = (): string => SECRET_PREFIX + randomBytes(32).toString('base64');

/** The header webhook-signature: HMAC-SHA256 of id, time (seconds since the epoch) and body under the secret. */
export function signatureOf(message: Pick<WebhookMessage, 'id' | 'secret' | 'body'>, timeS: number): string {
  const key = Buffer.from(message.secret.slice(SECRET_PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${message.id}.${timeS}.${message.body}`).digest('base64')}`;
}

/**
 * Posts messages. With `public` nothing but addresses of the public internet is ever connected to, whatever a name resolves
 * to at that moment; redirects are not followed. `lookUp` is node:dns's.
 */
export function createWebhookSender(targets: WebhookTargets, lookUp?: typeof lookup): WebhookSender {
  const checked = targets === 'any' ? {} : { lookup: checkedLookup(isPublicAddress, lookUp) };
  const agent = new Agent({
    connect: { timeout: DEADLINE_MS, ...checked },
    headersTimeout: DEADLINE_MS,
    bodyTimeout: DEADLINE_MS,
    keepAliveTimeout: 1_000,
  });

  const post = async (message: WebhookMessage): Promise<Outcome> => {
    const timeS = Math.floor(Date.now() / 1_000);
    const { statusCode, body } = await request(message.url, {
      method: 'POST',
      dispatcher: agent,
      signal: AbortSignal.timeout(DEADLINE_MS),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'cryptosense-webhooks',
        'webhook-id': message.id,
        'webhook-timestamp': String(timeS),
        'webhook-signature': signatureOf(message, timeS),
      },
      body: message.body,
    });
    await body.dump({ limit: MOST_OF_AN_ANSWER });
    if (statusCode >= 200 && statusCode < 300) return { result: 'delivered' };
    // 410 is how a webhook says that it is gone for good.
    return {
      result: statusCode === 410 ? 'refused' : 'try-again',
      detail: `it answered with the status ${statusCode}`,
    };
  };

  return {
    send: async (message) => {
      // Again, not only when it was written: the rules may have become stricter since.
      const mistake = mistakeInWebhookUrl(message.url, targets);
      if (mistake !== undefined) return { result: 'refused', detail: `its URL ${mistake}` };
      try {
        return await post(message);
      } catch (error) {
        if (causes(error).some((cause) => cause instanceof NotPublic))
          return { result: 'refused', detail: new NotPublic().message };
        return { result: 'try-again', detail: reasonOf(error) };
      }
    },
    close: () => agent.destroy(),
  };
}

function causes(error: unknown): unknown[] {
  if (!(error instanceof Error)) return [];
  const inner = error instanceof AggregateError ? error.errors : [error.cause];
  return [error, ...inner.flatMap(causes)];
}

function reasonOf(error: unknown): string {
  const late = causes(error).some((cause) => cause instanceof Error && /Timeout/.test(cause.name));
  return late ? `it did not answer within ${DEADLINE_MS / 1_000} s` : 'it could not be reached';
}

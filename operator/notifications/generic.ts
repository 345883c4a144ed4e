import { createHmac } from 'node:crypto';
import type { Environment } from '../api/resolved.ts';
import type { Notification } from '../api/status.ts';
import { API_VERSION } from '../api/well-known.ts';
import { linkOf } from './link.ts';

/** Body of a generic webhook. Fields may be added; those that are here stay. */
export function genericMessage(environment: Environment, message: Notification): object {
  const { name, namespace, uid } = environment.metadata;
  const { id, at, kind, severity, reason, release } = message;
  const link = linkOf(environment, message);
  return {
    apiVersion: API_VERSION,
    kind: 'Notification',
    id,
    at,
    event: kind,
    severity,
    reason,
    message: message.message,
    environment: { namespace, name, uid, tier: environment.spec.tier },
    ...(release ? { release } : {}),
    ...(link === undefined ? {} : { link }),
  };
}

const PREFIX = 'whsec_';
const SHORTEST_KEY = 24;
const LONGEST_KEY = 64;

/** The bytes of a signing key as Standard Webhooks writes it; undefined when it is not one. */
export function signingKey(text: string): Buffer | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const encoded = text.slice(PREFIX.length).replace(/=+$/, '');
  const key = Buffer.from(encoded, 'base64');
  const isBase64 = key.toString('base64').replace(/=+$/, '') === encoded;
  return isBase64 && key.length >= SHORTEST_KEY && key.length <= LONGEST_KEY ? key : undefined;
}

/**
 * The headers of Standard Webhooks (standardwebhooks.com): HMAC-SHA256 of "id.timestamp.body". `at` is the moment of
 * this try, in milliseconds since the epoch.
 */
export function signatureOf(key: Buffer, id: string, body: string, at: number): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

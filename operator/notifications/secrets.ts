import type { Webhook } from '../api/effective-spec.ts';
import { NOTIFICATION_SECRET } from '../api/well-known.ts';
import { RESOURCES } from '../environment/resources.ts';
import { answered } from '../kube/errors.ts';
import { pathOf } from '../kube/resources.ts';
import type { KubeClient } from '../kube/transport.ts';
import { type AllowedHosts, problemOf } from './destination.ts';
import { signingKey } from './generic.ts';

/** Where a message goes, and what it is signed with. Both are secrets. */
export interface Destination {
  url: URL;
  key?: Buffer;
}

/** What keeps a receiver from being told; the message is for people and has no secret in it. */
export class NotToldError extends Error {
  override readonly name = 'NotToldError';
}

/**
 * Reads what the receiver's Secrets say now: nothing of it is kept, so that a changed Secret counts from the next try
 * on. Throws NotToldError, or KubeError when the API server does not answer.
 */
export async function destinationOf(
  client: KubeClient,
  namespace: string,
  { urlSecret, signingSecret }: Webhook,
  allowed: AllowedHosts,
): Promise<Destination> {
  const text = await textOf(client, namespace, urlSecret);
  const problem = problemOf(text, allowed);
  if (problem) throw new NotToldError(`key ${urlSecret.key} of Secret ${urlSecret.name} ${problem}`);
  const url = new URL(text.trim());
  if (!signingSecret) return { url };
  const key = signingKey((await textOf(client, namespace, signingSecret)).trim());
  if (!key)
    throw new NotToldError(
      `key ${signingSecret.key} of Secret ${signingSecret.name} is not whsec_ and 24 to 64 bytes in base64`,
    );
  return { url, key };
}

async function textOf(
  client: KubeClient,
  namespace: string,
  { name, key }: Webhook['urlSecret'],
): Promise<string> {
  const path = pathOf(RESOURCES.secrets, namespace, name);
  let secret: { data?: Record<string, string> };
  try {
    secret = await client.request<{ data?: Record<string, string> }>({ method: 'GET', path });
  } catch (error) {
    if (answered(error, 404)) throw new NotToldError(`there is no Secret ${name} in ${namespace}`);
    if (answered(error, 403))
      throw new NotToldError(
        name === NOTIFICATION_SECRET
          ? `the operator may not read Secret ${name}: its roles are older than itself, apply its manifests again`
          : `the operator may not read Secret ${name}: use ${NOTIFICATION_SECRET}, or give it the right to get this one`,
      );
    throw error;
  }
  const value = secret.data?.[key];
  if (value === undefined) throw new NotToldError(`Secret ${name} has no key ${key}`);
  return Buffer.from(value, 'base64').toString('utf8');
}

import { randomBytes } from 'node:crypto';
import { LoginSecretError, rotated } from '../database/login.ts';
import { mergePatch } from '../kube/apply.ts';
import { answered, KubeError } from '../kube/errors.ts';
import { type KubeObject, pathOf } from '../kube/resources.ts';
import type { KubeClient } from '../kube/transport.ts';
import type { Action } from './actions.ts';
import { RESOURCES } from './resources.ts';

/**
 * Writes the Secret with the logins as the phase of a rotation wants it, when it is not so yet. The right to it is not among the operator's
 * own: who wants rotations gives it for this one Secret. Nothing of it is kept. Throws KubeError: 403 with the command
 * that gives the right, 422 when the Secret is not what it was made as.
 */
export async function rotateLogin(
  client: KubeClient,
  namespace: string,
  { name, asked, phase }: Extract<Action, { type: 'rotateLogin' }>,
): Promise<void> {
  try {
    const path = pathOf(RESOURCES.secrets, namespace, name);
    const secret = await client.request<KubeObject & { data?: Record<string, string> }>({
      method: 'GET',
      path,
    });
    const fresh = () => randomBytes(24).toString('base64url');
    const changed = rotated(inText(secret.data ?? {}), asked, phase, fresh);
    if (!changed) return;
    const { resourceVersion } = secret.metadata;
    const data = Object.fromEntries(
      Object.entries(changed).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    );
    await mergePatch(client, RESOURCES.secrets, namespace, name, { metadata: { resourceVersion }, data });
  } catch (error) {
    throw explained(error, namespace, name);
  }
}

function inText(data: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
}

function explained(error: unknown, namespace: string, name: string): unknown {
  if (error instanceof LoginSecretError) {
    const message = `${error.message}: restore it from your copy`;
    return new KubeError(`Secret ${name}`, { code: 422, reason: 'Invalid', message });
  }
  if (!answered(error, 403)) return error;
  const message = `the operator has no right to Secret ${name}. Give it: kubectl -n ${namespace} create role ${name} --verb=get,patch --resource=secrets --resource-name=${name}, and bind that to its service account (docs/database.md)`;
  return new KubeError(`Secret ${name}`, { code: 403, reason: 'Forbidden', message, details: error.details });
}

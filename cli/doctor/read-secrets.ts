import { X509Certificate } from 'node:crypto';
import { certificateSecret } from '../../charts/gateway.ts';
import { names, type ResolvedEnvironment } from '../../operator/api/resolved.ts';
import { RESOURCES } from '../../operator/environment/resources.ts';
import { answered } from '../../operator/kube/errors.ts';
import { pathOf } from '../../operator/kube/resources.ts';
import type { Session } from '../session.ts';
import type { SecretFacts } from './facts.ts';

/** The names of the Secrets that the environment refers to. */
function secretNames({ name, spec }: ResolvedEnvironment): string[] {
  const { backup, images, notifications, routing } = spec;
  const all = [
    names(name).credentials,
    backup.encryptionSecret,
    backup.bucket?.credentialsSecret,
    ...images.pullSecrets,
    ...notifications.webhooks.flatMap(({ urlSecret, signingSecret }) => [
      urlSecret.name,
      signingSecret?.name,
    ]),
    ...(routing.tls ? [certificateSecret({ name, namespace: '', spec })] : []),
  ];
  return [...new Set(all.filter((one) => one !== undefined))];
}

/** What is known of every Secret that the environment refers to. Throws KubeError when the cluster fails. */
export async function secretsOf(
  session: Session,
  resolved: ResolvedEnvironment,
): Promise<Record<string, SecretFacts>> {
  const all = secretNames(resolved).map(
    async (name) => [name, await secretOf(session, resolved.namespace, name)] as const,
  );
  return Object.fromEntries(await Promise.all(all));
}

/** The keys of a Secret, and the dates and names of a certificate; its values are forgotten here. */
async function secretOf({ client, signal }: Session, namespace: string, name: string): Promise<SecretFacts> {
  try {
    const path = pathOf(RESOURCES.secrets, namespace, name);
    const { data = {} } = await client.request<{ data?: Record<string, string> }>({
      method: 'GET',
      path,
      signal,
    });
    const certificate = certificateOf(data['tls.crt']);
    return { state: 'there', keys: Object.keys(data), ...(certificate ? { certificate } : {}) };
  } catch (error) {
    if (answered(error, 404)) return { state: 'absent' };
    if (answered(error, 403)) return { state: 'forbidden' };
    throw error;
  }
}

function certificateOf(base64: string | undefined): { notAfter: number; names: string[] } | undefined {
  if (base64 === undefined) return undefined;
  try {
    const certificate = new X509Certificate(Buffer.from(base64, 'base64'));
    const found = [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^,\s]+)/g)].map(
      ([, name = '']) => name,
    );
    return { notAfter: Date.parse(certificate.validTo), names: found };
  } catch {
    return undefined;
  }
}

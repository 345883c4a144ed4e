import { answered } from '../../kube/errors.ts';
import { pathOf } from '../../kube/resources.ts';
import type { KubeClient } from '../../kube/transport.ts';
import type { Source } from '../../rollout/analysis/policy.ts';
import { RESOURCES } from '../resources.ts';

export type Written = NonNullable<Extract<Source, { type: 'web' }>['headers']>;
export type SecretReader = Pick<KubeClient, 'request'>;

/**
 * The headers with their values. A Secret is read each time, so that a rotated one counts at once; it is kept nowhere.
 * Throws a sentence in which no value is.
 */
export async function headersOf(
  written: Written,
  namespace: string,
  client: SecretReader,
): Promise<Record<string, string>> {
  const entries = written.map(async ({ name, value, secret }): Promise<[string, string]> => {
    const text = secret ? await secretValue(secret, namespace, client) : (value ?? '');
    // Whoever sends it would name the whole value in the error.
    if (!/^[\t\x20-\x7e]*$/.test(text))
      throw new Error(`the value of header ${name} has characters that no header may have`);
    return [name, text];
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function secretValue(
  { name, key }: { name: string; key: string },
  namespace: string,
  client: SecretReader,
): Promise<string> {
  const path = pathOf(RESOURCES.secrets, namespace, name);
  const secret = await client
    .request<{ data?: Record<string, string> }>({ method: 'GET', path })
    .catch((error: unknown) => {
      if (answered(error, 403))
        throw new Error(
          `the operator may not read Secret ${name}: give it a Role for this one Secret, as docs/analysis.md shows`,
        );
      if (answered(error, 404)) throw new Error(`Secret ${name} is not there`);
      throw error;
    });
  const data = secret.data?.[key];
  if (data === undefined) throw new Error(`Secret ${name} has no key ${key}`);
  // Most files, and so most Secrets, end with a line feed that nobody means.
  return Buffer.from(data, 'base64').toString('utf8').trim();
}

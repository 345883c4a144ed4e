import { credentialsFor } from '../../../operator/environment/credentials.ts';
import { ROTATE_LOGIN } from '../../../operator/environment/login-rotation.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import type { ApiServer } from './api-server.ts';
import type { World } from './world.ts';

export const SECRET = 'shop-credentials';
const POD = 'shop-database-pod-0';

const text = (value: string) => Buffer.from(value).toString('base64');

/** The Secret as an API server keeps it. */
export function putCredentials(world: World): void {
  const { stringData, ...secret } = credentialsFor(world.environment, () => 'born');
  const data = Object.entries(stringData as Record<string, string>).map(([key, value]) => [key, text(value)]);
  world.server.put({ ...secret, data: Object.fromEntries(data) } as unknown as Live);
}

export function secretOf(server: ApiServer, key: string): string {
  const { data = {} } = (server.get('Secret', SECRET) ?? {}) as { data?: Record<string, string> };
  return Buffer.from(data[key] ?? '', 'base64').toString();
}

/** How far the Secret says that it is, and the logins that it has. */
export function logins({ server }: Pick<World, 'server'>): { state: string; names: string[] } {
  const said = secretOf(server, 'LOGINS');
  if (said === '') return { state: 'birth', names: ['cryptosense'] };
  const { state, logins: all } = JSON.parse(said) as { state: string; logins: { name: string }[] };
  return { state, names: all.map(({ name }) => name) };
}

/** What the member reports of the logins; null: it is of a form that does not know of them. */
export function sayLogins({ server }: Pick<World, 'server'>, state: string | null, former?: 'used'): void {
  const tags = { ...(state === null ? {} : { logins: state }), ...(former ? { former } : {}) };
  const status = JSON.stringify({ state: 'running', role: 'master', timeline: 1, xlog_location: 1, tags });
  const before = server.get('Pod', POD)?.metadata.annotations?.status;
  if (before === status) return;
  server.edit('Pod', POD, ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, status };
  });
}

export function askForRotation({ server }: World, word: string): void {
  server.edit('CryptoSenseEnvironment', 'shop', ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [ROTATE_LOGIN]: word };
  });
}

/** A member that reports logins reads those of the Secret. */
export function learnLogins(server: ApiServer): void {
  const said = server.get('Pod', POD)?.metadata.annotations?.status;
  if (!said?.includes('"logins"') || said.includes('"former"')) return;
  sayLogins({ server }, logins({ server }).state);
}

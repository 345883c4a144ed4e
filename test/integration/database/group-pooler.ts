import { connect } from 'node:net';
import { renderComponents } from '../../../charts/render.ts';
import type { ResolvedEnvironment } from '../../../operator/api/resolved.ts';
import { find } from '../../unit/charts/environments.ts';
import type { Address } from '../containers.ts';
import { imageOf } from '../images.ts';
import { docker } from './docker.ts';

export const APP_PASSWORD = 'app-password';

/** The chart's settings, made for what runs here; `port` is that of the Service before the database. */
export function poolerFiles(
  environment: ResolvedEnvironment,
  { authority, port }: { authority: Readonly<Record<string, string>>; port: number },
): Record<string, string> {
  const { pooler } = renderComponents(environment);
  const files = find(pooler, 'ConfigMap', 'shop-pooler').data as Record<string, string>;
  const settings = (files['pgbouncer.ini'] ?? '')
    .replace('host=shop-database port=5432', `host=shop-database port=${port}`)
    .replace('/etc/cryptosense/secrets', '/etc/pgbouncer')
    .replace('/etc/cryptosense/authority', '/etc/pgbouncer');
  return {
    'ca.crt': authority['ca.crt'] ?? '',
    'pgbouncer.ini': settings,
    'userlist.txt': `"cryptosense" "${APP_PASSWORD}"\n`,
  };
}

/** Starts PgBouncer with the files of `folder`; `hosts` are names and addresses, without an address not known. */
export async function runPooler(options: {
  container: string;
  network: string;
  hosts: Readonly<Record<string, string>>;
  folder: string;
}): Promise<void> {
  const { container, network, hosts, folder } = options;
  await docker(
    ...['run', '--detach', '--name', container, '--network', network, '--memory', '64m'],
    ...Object.entries(hosts).flatMap(([host, ip]) => (ip ? ['--add-host', `${host}:${ip}`] : [])),
    ...['--volume', `${folder}:/etc/pgbouncer:ro`, imageOf('pooler')],
  );
}

/** Whether something takes connections at this address. */
export function takes({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const end = (isTaken: boolean) => {
      socket.destroy();
      resolve(isTaken);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

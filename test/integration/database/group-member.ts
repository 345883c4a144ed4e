import { join } from 'node:path';
import { imageOf } from '../images.ts';
import { docker } from './docker.ts';

/** The container of the chart's pod template, as far as it is followed. */
export interface MemberContainer {
  env: { name: string; value?: string }[];
  args: string[];
}

/** Folders of a member's own, and where the chart mounts them. */
const MOUNTS = {
  settings: '/etc/cryptosense/postgresql.d',
  secrets: '/etc/cryptosense/secrets',
  logins: '/etc/cryptosense/logins',
  authority: '/etc/cryptosense/authority',
  pod: '/etc/cryptosense/pod',
  account: '/var/run/secrets/kubernetes.io/serviceaccount',
};

/** Starts the container in the place of the pod `name`; its volume, when it has one, is found again. */
export async function runMember(
  name: string,
  { env, args }: MemberContainer,
  options: {
    container: string;
    network: string;
    address: string;
    gateway: string;
    /** Where the gateway leads to the API server. */
    relayPort: number;
    folder: string;
  },
): Promise<void> {
  const { container, network, address, gateway, relayPort, folder } = options;
  const variables = [
    ...env.flatMap(({ name: variable, value }) => (value === undefined ? [] : [`${variable}=${value}`])),
    `POD_NAME=${name}`,
    'POD_NAMESPACE=market',
    'KUBERNETES_SERVICE_HOST=kubernetes.default.svc',
    `KUBERNETES_SERVICE_PORT=${relayPort}`,
    `POD_IP=${address}`,
  ];
  const mounts = Object.entries(MOUNTS).map(([source, path]) => `${join(folder, source)}:${path}:ro`);
  await docker(
    ...['create', '--name', container, '--hostname', name, '--cap-drop', 'ALL', '--init=false'],
    ...['--network', network, '--ip', address, '--memory', '400m', '--shm-size', '128m'],
    ...['--add-host', `kubernetes.default.svc:${gateway}`],
    ...variables.flatMap((variable) => ['--env', variable]),
    ...['--tmpfs', '/tmp:uid=1001,gid=1001', '--tmpfs', '/run/postgresql:uid=1001,gid=1001'],
    ...['--volume', `${container}:/var/lib/postgresql/data`],
    ...mounts.flatMap((mount) => ['--volume', mount]),
    ...[imageOf('database'), ...args],
  );
  await docker('start', container);
}

import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { kubernetesBinaries } from '../../local/node/binaries.ts';
import { KubeClient } from '../../operator/kube/transport.ts';
import { endProcess, eventually, freePorts, startProcess } from './processes.ts';

export interface ApiServerOptions {
  /** RBAC when left out; the user admin may do everything either way. */
  authorization?: 'RBAC' | 'AlwaysAllow';
  /** Users besides admin, without any right. */
  users?: string[];
  flags?: string[];
}

export interface ApiServer {
  /** Path of a kubeconfig for the user admin. */
  kubeconfig: string;
  url: string;
  /** The configuration of one of the users. */
  configFor(user: string): KubeConfig;
  /** A client of the user admin; close it. */
  client(): KubeClient;
  /** Kills the API server and starts it again; resolves when it is ready. etcd goes on. */
  restart(): Promise<void>;
  /** Kills the API server. */
  kill(): Promise<void>;
  /** Makes etcd forget everything but the present. */
  compact(): Promise<void>;
  /** What the API server has said. */
  log(): string;
  stop(): Promise<void>;
}

/**
 * A real kube-apiserver and etcd as plain processes on free ports, with their files in a temporary folder. Without a
 * controller manager: nothing is garbage-collected, no namespace ends. Ready in about two seconds.
 */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const binaries = await kubernetesBinaries((line) => console.log(line));
  const folder = mkdtempSync(join(tmpdir(), 'cryptosense-apiserver-'));
  const [port = 0, clientPort = 0, peerPort = 0] = await freePorts(3);
  const url = `https://127.0.0.1:${port}`;
  const etcdUrl = `http://127.0.0.1:${clientPort}`;
  const tokens = writeCredentials(folder, options.users ?? []);
  const logFile = join(folder, 'apiserver.log');
  const running: { etcd?: ChildProcess; server?: ChildProcess } = {};

  const startServer = async () => {
    const flags = serverFlags(folder, port, etcdUrl, options);
    const server = startProcess(join(binaries, 'kube-apiserver'), flags, logFile);
    running.server = server;
    await eventually('the API server is ready', async () => {
      if (server.exitCode !== null) throw new Error(`kube-apiserver ended:\n${tail(logFile)}`);
      const hasCertificate = existsSync(join(folder, 'certs', 'apiserver.crt'));
      return hasCertificate && isReady(configOf(folder, url, tokens, 'admin'));
    });
  };
  const stop = async () => {
    for (const child of [running.server, running.etcd]) if (child) await endProcess(child);
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    running.etcd = startProcess(
      join(binaries, 'server'),
      etcdFlags(folder, etcdUrl, peerPort),
      join(folder, 'etcd.log'),
    );
    await startServer();
  } catch (error) {
    await stop();
    throw error;
  }
  const kubeconfig = join(folder, 'kubeconfig.json');
  writeFileSync(kubeconfig, configOf(folder, url, tokens, 'admin').exportConfig());
  const kill = async () => {
    if (running.server) await endProcess(running.server);
  };
  return {
    kubeconfig,
    url,
    configFor: (user) => configOf(folder, url, tokens, user),
    client: () => KubeClient.fromKubeConfig(configOf(folder, url, tokens, 'admin')),
    kill,
    restart: async () => {
      await kill();
      await startServer();
    },
    compact: () => compact(etcdUrl),
    log: () => readFileSync(logFile, 'utf8'),
    stop,
  };
}

function etcdFlags(folder: string, url: string, peerPort: number): string[] {
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  return [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    '--unsafe-no-fsync',
    '--log-level=error',
  ];
}

function serverFlags(folder: string, port: number, etcdUrl: string, options: ApiServerOptions): string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(folder, 'certs')}`,
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    `--service-account-key-file=${join(folder, 'sa.pub')}`,
    `--service-account-signing-key-file=${join(folder, 'sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-cluster-ip-range=10.0.0.0/24',
    `--authorization-mode=${options.authorization ?? 'RBAC'}`,
    // Its controller would have to run for pods to be admitted.
    '--disable-admission-plugins=ServiceAccount',
    '--endpoint-reconciler-type=none',
    ...(options.flags ?? []),
  ];
}

/** The service accounts' keys and a token for each user. Returns the tokens by user. */
function writeCredentials(folder: string, users: string[]): Map<string, string> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(join(folder, 'sa.key'), privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  writeFileSync(join(folder, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  const tokens = new Map(['admin', ...users].map((user) => [user, randomBytes(16).toString('hex')]));
  const lines = Array.from(
    tokens,
    ([user, token]) => `${token},${user},${user}${user === 'admin' ? ',system:masters' : ''}`,
  );
  writeFileSync(join(folder, 'tokens.csv'), `${lines.join('\n')}\n`, { mode: 0o600 });
  return tokens;
}

function configOf(folder: string, url: string, tokens: Map<string, string>, user: string): KubeConfig {
  const token = tokens.get(user);
  if (token === undefined) throw new Error(`The API server was started without a user ${user}.`);
  // The server makes its certificate itself; the file has its authority behind it.
  const caData = readFileSync(join(folder, 'certs', 'apiserver.crt')).toString('base64');
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'test', server: url, caData, skipTLSVerify: false },
    { name: user, token },
  );
  return config;
}

async function isReady(config: KubeConfig): Promise<boolean> {
  const client = KubeClient.fromKubeConfig(config);
  try {
    await client.request({ method: 'GET', path: '/api/v1/namespaces/default', timeoutMs: 2_000 });
    await client.request({ method: 'GET', path: '/apis/coordination.k8s.io/v1/leases', timeoutMs: 2_000 });
    return true;
  } catch {
    return false;
  } finally {
    await client.close();
  }
}

async function compact(etcdUrl: string): Promise<void> {
  const ask = async (path: string, body: object) => {
    const answer = await fetch(`${etcdUrl}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`etcd refused ${path}: ${await answer.text()}`);
    return (await answer.json()) as { header: { revision: string } };
  };
  const { header } = await ask('range', { key: Buffer.from('/').toString('base64') });
  await ask('compaction', { revision: header.revision, physical: true });
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-15).join('\n');
}

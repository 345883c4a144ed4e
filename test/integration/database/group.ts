import postgres from 'postgres';
import { renderComponents } from '../../../charts/render.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Manifest, ResolvedEnvironment } from '../../../operator/api/resolved.ts';
import { type Member, memberOf } from '../../../operator/database/member.ts';
import { authorityFor } from '../../../operator/environment/authority.ts';
import { resourceOf } from '../../../operator/environment/resources.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import { create, mergePatch, remove, serverSideApply } from '../../../operator/kube/apply.ts';
import type { KubeObject } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { find, resolved } from '../../unit/charts/environments.ts';
import { type ApiServer, startApiServer } from '../apiserver.ts';
import type { Address } from '../containers.ts';
import { imageOf } from '../images.ts';
import { eventually } from '../processes.ts';
import { docker } from './docker.ts';
import { type MemberContainer, runMember } from './group-member.ts';
import { APP_PASSWORD, poolerFiles, runPooler, takes } from './group-pooler.ts';
import { MountedFiles } from './mounted-files.ts';
import { ContainerNetwork } from './network.ts';
import { relayTo } from './relay.ts';
import { ServiceProxy } from './service.ts';

const ACCOUNT = 'system:serviceaccount:market:shop-database';
export const PASSWORD = 'superuser-password';
const NAMESPACES = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };

type PodTemplate = {
  metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
  spec: { containers: MemberContainer[] };
};

function environmentOf(database: EnvironmentSpec['database'], tls: boolean): ResolvedEnvironment {
  const isGroup = (database?.members ?? 1) > 1;
  const made = resolved({ tier: 'local', database, ...(isGroup ? { pooler: { replicaPoolSize: 5 } } : {}) });
  const { tls: _, ...before } = made.spec.database;
  return tls ? made : { ...made, spec: { ...made.spec, database: before } };
}

function newAuthority(): Record<string, string> {
  const metadata = { name: 'shop', namespace: 'market', uid: 'u', resourceVersion: '1', generation: 1 };
  return authorityFor({ metadata }, Date.now()).stringData as Record<string, string>;
}

/**
 * The members of a database as a cluster runs them: Patroni of the real image, a container in place of each pod, against
 * a real API server with the rights that the chart gives, PgBouncer with the chart's settings, and a Service.
 */
export class DatabaseGroup {
  environment: ResolvedEnvironment;
  readonly #asked: EnvironmentSpec['database'];
  readonly #id = `database-test-${process.pid}-${Date.now().toString(36)}`;
  readonly #network = new ContainerNetwork(this.#id);
  readonly #files = new MountedFiles();
  readonly #closing: (() => Promise<unknown>)[] = [];
  #server: ApiServer | undefined;
  #client: KubeClient | undefined;
  #relayPort = 0;
  #servicePort = 0;
  /** Address of the member that is read from under the name `_ro`. */
  #readers = '';
  /** ca.crt and ca.key, as the operator makes them. */
  authority = newAuthority();
  pooler: Address = { host: '', port: 0 };
  /** Of the pod template, as the StatefulSet's controller names it in pods that are made now. */
  revision = 'first';

  /** `tls`: whether it is required, as in environments that are made now; else it is only served. */
  constructor(database: EnvironmentSpec['database'] = { members: 3 }, { tls = true } = {}) {
    this.#asked = database;
    this.environment = environmentOf(database, tls);
  }

  get server(): ApiServer {
    if (!this.#server) throw new Error('the group has not been started');
    return this.#server;
  }

  get client(): KubeClient {
    if (!this.#client) throw new Error('the group has not been started');
    return this.#client;
  }

  get names(): string[] {
    return Array.from({ length: this.environment.spec.database.members }, (_, i) => `shop-database-${i}`);
  }

  async start(): Promise<void> {
    this.#server = await startApiServer({ users: [ACCOUNT] });
    this.#client = this.#server.client();
    this.#closing.push(
      () => this.server.stop(),
      () => this.client.close(),
    );
    await this.#network.create();
    const relay = await relayTo(Number(new URL(this.server.url).port), this.#network.gateway);
    this.#relayPort = relay.port;
    this.#closing.push(relay.stop);
    await create(this.client, NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'market' },
    });
    await this.apply();
    await Promise.all(this.names.map((name) => this.startMember(name)));
    const service = await ServiceProxy.before(this.client, {
      namespace: 'market',
      name: 'shop-database',
      port: 5432,
      listen: this.#network.gateway,
    });
    this.#closing.push(() => service.stop());
    this.#servicePort = service.port;
    await this.#startPooler();
  }

  /** Everything of the database but its pods, as the operator writes it. */
  async apply(database?: EnvironmentSpec['database']): Promise<void> {
    if (database)
      this.environment = environmentOf(database, this.environment.spec.database.tls !== undefined);
    const written = ['ServiceAccount', 'Role', 'RoleBinding', 'Service', 'ConfigMap'];
    for (const manifest of renderComponents(this.environment).database)
      if (written.includes(manifest.kind))
        await serverSideApply(this.client, resourceOf(manifest.kind), manifest, { fieldManager: 'test' });
    for (const name of this.names) this.#files.write(`${name}/settings`, this.#settings());
  }

  /** As the operator does when every member serves TLS. PgBouncer keeps its connections of before. */
  async requireTls(): Promise<void> {
    this.environment = environmentOf(this.#asked, true);
    await this.apply();
  }

  /** The pod, and the container in its place. Its volume, when it has one, is found again. */
  async startMember(name: string): Promise<void> {
    const { metadata, spec } = this.#template();
    const container = spec.containers[0];
    if (!container) throw new Error('the pod has no container');
    await create(this.client, resourceOf('Pod'), {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace: 'market',
        labels: { ...metadata.labels, 'controller-revision-hash': this.revision },
      },
      spec: { containers: [{ name: 'database', image: imageOf('database') }] },
    } as Manifest);
    this.#files.write(`${name}/settings`, this.#settings());
    this.#files.write(`${name}/secrets`, { POSTGRES_PASSWORD: PASSWORD, APP_PASSWORD });
    this.#files.write(`${name}/logins`, {});
    this.#files.write(`${name}/authority`, this.authority);
    this.#files.write(`${name}/pod`, { annotations: '' });
    const config = this.server.configFor(ACCOUNT);
    this.#files.write(`${name}/account`, {
      token: config.getCurrentUser()?.token ?? '',
      'ca.crt': Buffer.from(config.getCurrentCluster()?.caData ?? '', 'base64').toString(),
    });
    await runMember(name, container, {
      container: this.container(name),
      network: this.#id,
      address: this.#network.nextAddress(),
      gateway: this.#network.gateway,
      relayPort: this.#relayPort,
      folder: this.#files.path(name),
    });
  }

  /** As a pod is deleted: a clean end within its grace period, nothing left but the volume. */
  async deleteMember(name: string, graceSeconds = 60): Promise<void> {
    await docker('stop', '--time', String(graceSeconds), this.container(name));
    await docker('rm', '--force', this.container(name));
    await remove(this.client, resourceOf('Pod'), 'market', name);
  }

  container(name: string): string {
    return `${this.#id}-${name}`;
  }

  /** Signals processes of a member: all but the one that holds the others, as itself would. */
  signal(name: string, signal: string, which = '-1'): Promise<string> {
    return this.shell(name, `kill -${signal} ${which}`);
  }

  shell(name: string, script: string): Promise<string> {
    return docker('exec', this.container(name), 'bash', '-c', script);
  }

  async loseNetwork(name: string): Promise<() => Promise<void>> {
    const address = await this.address(name);
    await docker('network', 'disconnect', '--force', this.#id, this.container(name));
    return async () => {
      await docker('network', 'connect', '--ip', address, this.#id, this.container(name));
    };
  }

  /** Writes annotations of a pod, there and in the file that the kubelet keeps of them. */
  async annotate(name: string, annotations: Record<string, string>): Promise<void> {
    const body = { metadata: { annotations } };
    await mergePatch(this.client, resourceOf('Pod'), 'market', name, body);
    const lines = Object.entries(annotations).map(([key, value]) => `${key}="${value}"\n`);
    this.#files.write(`${name}/pod`, { annotations: lines.join('') });
  }

  /** What its Service does for `_ro`: PgBouncer finds the replicas at this member, whatever that is. */
  async leadReadersTo(name: string): Promise<void> {
    this.#readers = await this.address(name);
    await this.restartPooler();
  }

  /** As the kubelets carry a changed Secret into the pods. */
  renewLogins(secret: Readonly<Record<string, string>>): void {
    const { LOGINS = '', 'userlist.txt': users = '' } = secret;
    for (const name of this.names) this.#files.write(`${name}/logins`, { LOGINS });
    this.#files.write('pooler', { 'userlist.txt': users });
  }

  /** The Secret with the logins, as far as rotations are about it; the URLs lead to what runs here. */
  async secret(): Promise<Record<string, string>> {
    const primary = await this.address(await this.primary());
    const url = (host: string, port: number) =>
      `postgresql://cryptosense:${APP_PASSWORD}@${host}:${port}/cryptosense_dev`;
    return {
      APP_PASSWORD,
      DATABASE_URL: url(this.pooler.host, this.pooler.port),
      MIGRATION_DATABASE_URL: url(primary, 5432),
    };
  }

  /** What the operator sees of the members; their readiness is asked for here, where there is no kubelet. */
  async members(): Promise<Member[]> {
    const seen = await this.#seen();
    return Promise.all(
      seen.map(async (member) => ({ ...member, ready: await this.probe(member.name, '/readiness') })),
    );
  }

  /** The members as their pods tell. */
  async #seen(): Promise<Member[]> {
    const { items } = await this.client.request<{ items: KubeObject[] }>({
      method: 'GET',
      path: '/api/v1/namespaces/market/pods',
    });
    return items.map((pod) => memberOf(pod as unknown as Live));
  }

  /** As the kubelet asks: whether Patroni of this member answers well. */
  async probe(name: string, path: string): Promise<boolean> {
    try {
      const url = `http://${await this.address(name)}:8008${path}`;
      return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
    } catch {
      return false;
    }
  }

  /** Hash of the settings that the operator has written. */
  get settings(): string {
    return this.#settings().hash ?? '';
  }

  async primary(): Promise<string> {
    let found: string | undefined;
    await eventually('a member is primary', async () => {
      found = (await this.#seen()).find(({ role }) => role === 'primary')?.name;
      return found !== undefined;
    });
    return found ?? '';
  }

  /** Resolves when the primary writes and all others stream from it, one of them synchronously. */
  async healthy(deadlineMs = 90_000): Promise<string> {
    let primary = '';
    let found: unknown;
    const others = this.names.length - 1;
    await eventually(
      'the primary writes and all others stream',
      async () => {
        try {
          primary = await this.primary();
          found = await this.ask(
            primary,
            `select pg_is_in_recovery() as standby, count(pid)::int as streaming,
             count(pid) filter (where sync_state in ('sync', 'quorum'))::int as sync
             from (values (1)) as one left join pg_stat_replication
               on state = 'streaming' and application_name like 'shop-database-%'`,
          );
          const [row] = found as { standby: boolean; streaming: number; sync: number }[];
          const isSo = row?.standby === false && row.streaming === others && (others === 0 || row.sync === 1);
          return isSo && (others === 0 || ((await this.#successor(primary)) && (await this.#isRested())));
        } catch (error) {
          found = error;
          return false;
        }
      },
      deadlineMs,
    ).catch(async (error: Error) => {
      throw new Error(`${error.message}; found ${JSON.stringify(found)}\n${await this.logs()}`);
    });
    return primary;
  }

  /** Whether Patroni has written down who may take over from this primary. */
  async #successor(primary: string): Promise<boolean> {
    const { metadata } = await this.client.request<KubeObject>({
      method: 'GET',
      path: '/api/v1/namespaces/market/endpoints/shop-database-sync',
    });
    const { leader, sync_standby: standby = '' } = metadata.annotations ?? {};
    return leader === primary && standby !== '';
  }

  /** For 15 s after the API server was away, members hold to the primary of then, whoever has the lock. */
  async #isRested(): Promise<boolean> {
    const said = this.names.map(async (name) => {
      const answer = await fetch(`http://${await this.address(name)}:8008/patroni`);
      return (await answer.json()) as { failsafe_mode_is_active?: boolean };
    });
    return (await Promise.all(said)).every(({ failsafe_mode_is_active: isActive }) => isActive !== true);
  }

  async address(name: string): Promise<string> {
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    return (await docker('inspect', '--format', format, this.container(name))).trim();
  }

  /** Asks one member itself, as the superuser. */
  async ask(name: string, query: string): Promise<postgres.Row[]> {
    const host = await this.address(name);
    const sql = postgres({
      host,
      // Node verifies the certificate for the address of the member, as the members do among themselves.
      ssl: { ca: this.authority['ca.crt'], host },
      username: 'postgres',
      password: PASSWORD,
      database: 'cryptosense_dev',
      max: 1,
      connect_timeout: 3,
      onnotice: () => {},
    });
    try {
      return await sql.unsafe(query);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }

  /** Where the application connects: at PgBouncer, or at a member itself. */
  async login(at: Address = this.pooler): Promise<postgres.Options<Record<string, never>>> {
    return {
      host: at.host,
      port: at.port,
      username: 'cryptosense',
      password: APP_PASSWORD,
      database: 'cryptosense_dev',
    };
  }

  async logs(lines = 40): Promise<string> {
    const texts = this.names.map(async (name) => {
      const text = await docker('logs', '--tail', String(lines), this.container(name)).catch(String);
      return `--- ${name}\n${text}`;
    });
    return (await Promise.all(texts)).join('\n');
  }

  async end(): Promise<void> {
    for (const name of ['shop-database-0', 'shop-database-1', 'shop-database-2', 'pooler']) {
      await docker('rm', '--force', this.container(name)).catch(() => '');
      await docker('volume', 'rm', this.container(name)).catch(() => '');
    }
    for (const close of this.#closing.reverse()) await close();
    await this.#network.remove();
    this.#files.remove();
  }

  #template(): PodTemplate {
    const { database } = renderComponents(this.environment);
    const { template } = find(database, 'StatefulSet', 'shop-database').spec as { template: PodTemplate };
    return template;
  }

  #settings(): Record<string, string> {
    const { database } = renderComponents(this.environment);
    return find(database, 'ConfigMap', 'shop-database').data as Record<string, string>;
  }

  /** A new PgBouncer in the place of the one that runs; `authority` is what it verifies the database with. */
  async restartPooler(authority = this.authority): Promise<void> {
    await docker('rm', '--force', this.container('pooler'));
    await this.#startPooler(authority);
  }

  async #startPooler(authority = this.authority): Promise<void> {
    const container = this.container('pooler');
    this.#files.write('pooler', poolerFiles(this.environment, { authority, port: this.#servicePort }));
    const hosts = { 'shop-database': this.#network.gateway, 'shop-database-replicas': this.#readers };
    await runPooler({ container, network: this.#id, hosts, folder: this.#files.path('pooler') });
    this.pooler = { host: await this.address('pooler'), port: 6432 };
    await eventually('PgBouncer takes connections', () => takes(this.pooler));
  }
}

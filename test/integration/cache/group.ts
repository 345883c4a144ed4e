import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { cacheSettings } from '../../../charts/cache.ts';

const IMAGE = process.env.CRYPTOSENSE_CACHE_IMAGE || 'cryptosense-cache:dev';
const FILES = '/tmp/group';

export const GROUP_PASSWORD = 'group-password';

/**
 * Redis members and Sentinels as a cluster runs them: each with a name that stays and an address that does not. A
 * container stands for a pod, a named volume for its claim.
 */
export class CacheGroup {
  readonly members: readonly string[];
  readonly sentinels: readonly string[];
  readonly #id = `cache-test-${randomUUID().slice(0, 8)}`;
  readonly #passwords = new Map<string, string>();

  constructor(members = 2) {
    this.members = numbered('cache', members);
    this.sentinels = numbered('sentinel', 3);
  }

  async start(): Promise<void> {
    await docker('network', 'create', this.#id);
    await this.startAll();
  }

  /** Starts what is not there, all at once. */
  async startAll(): Promise<void> {
    await Promise.all([...this.members, ...this.sentinels].map((host) => this.startOne(host)));
  }

  /** A container of its own every time: only the volume of a member stays. */
  async startOne(host: string, password = GROUP_PASSWORD): Promise<void> {
    const [label = ''] = host.split('.');
    const isMember = this.members.includes(host);
    const variables = {
      CACHE_MEMBERS: this.members.join(' '),
      CACHE_SENTINELS: this.sentinels.join(' '),
      CACHE_AUTH: `${FILES}/redis-auth.conf`,
    };
    const container = this.#container(host);
    this.#passwords.set(host, password);
    await docker(
      ...['create', '--name', container, '--hostname', label, '--cap-drop', 'ALL'],
      ...['--network', this.#id, '--network-alias', host],
      ...Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      ...(isMember ? ['--volume', `${container}:/data`] : ['--tmpfs', '/run/sentinel:uid=1001']),
      ...['--entrypoint', `/usr/local/bin/cache-${isMember ? 'member' : 'sentinel'}`],
      ...[IMAGE, ...(isMember ? [`${FILES}/redis.conf`] : [])],
    );
    const folder = await mkdtemp(join(tmpdir(), 'cache-group-'));
    const files = {
      'redis-auth.conf': `requirepass ${password}\n`,
      'redis.conf': cacheSettings('64Mi', true),
    };
    for (const [name, text] of Object.entries(files)) {
      const secrets = text.replace('/etc/cryptosense/secrets', FILES);
      await writeFile(join(folder, name), secrets, { mode: 0o644 });
    }
    await chmod(folder, 0o755);
    await docker('cp', folder, `${container}:${FILES}`);
    await rm(folder, { recursive: true });
    await docker('start', container);
  }

  /** kill -9: the container is left as it fell. */
  kill(host: string): Promise<string> {
    return docker('kill', '--signal', 'KILL', this.#container(host));
  }

  /** Starts a container that was killed: with its files, as the kubelet does. */
  restart(host: string): Promise<string> {
    return docker('start', this.#container(host));
  }

  /** SIGTERM, and at most 30 s until SIGKILL, as a pod that is deleted gets them. The volume stays. */
  async remove(host: string, graceSeconds = 30): Promise<void> {
    await docker('stop', '--time', String(graceSeconds), this.#container(host));
    await docker('rm', '--force', this.#container(host));
  }

  async loseVolume(host: string): Promise<void> {
    await docker('volume', 'rm', this.#container(host));
  }

  /** What Redis answers, line by line; empty when it does not answer. */
  async redis(host: string, ...commands: string[]): Promise<string[]> {
    const port = this.members.includes(host) ? '6379' : '26379';
    const input = [`AUTH ${this.#passwords.get(host)}`, ...commands, ''].join('\n');
    try {
      const args = ['exec', '--interactive', this.#container(host), 'redis-cli', '-p', port];
      const { stdout } = await execa('docker', args, { input, timeout: 5_000 });
      const [, ...answers] = stdout.split('\n').map((line) => line.trimEnd());
      return answers;
    } catch {
      return [];
    }
  }

  /** The members that say they are primary. */
  async primaries(): Promise<string[]> {
    const roles = await Promise.all(this.members.map(async (host) => (await this.redis(host, 'ROLE'))[0]));
    return this.members.filter((_, i) => roles[i] === 'master');
  }

  /** Whom each Sentinel takes for the primary. */
  async watched(): Promise<string[]> {
    const ask = async (host: string) =>
      (await this.redis(host, 'SENTINEL GET-MASTER-ADDR-BY-NAME cache'))[0] ?? '';
    return Promise.all(this.sentinels.map(ask));
  }

  /**
   * Whether every Sentinel knows the other two and each replica. They ask the primary for its replicas every ten seconds
   * only, and what none of them knows none of them can promote.
   */
  async informed(): Promise<boolean> {
    const known = await Promise.all(this.sentinels.map((host) => this.redis(host, 'SENTINEL MASTER cache')));
    const figure = (lines: string[], name: string) => Number(lines[lines.indexOf(name) + 1]);
    return known.every(
      (lines) =>
        lines.includes('num-slaves') &&
        figure(lines, 'num-slaves') >= this.members.length - 1 &&
        figure(lines, 'num-other-sentinels') === this.sentinels.length - 1,
    );
  }

  /** The replicas of `primary` that are in step. */
  async following(primary: string): Promise<number> {
    const lines = await this.redis(primary, 'INFO replication');
    return lines.filter((line) => line.includes('state=online')).length;
  }

  /** Addresses by which this machine reaches the members. */
  async addresses(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const host of this.members) {
      const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
      const address = await docker('inspect', '--format', format, this.#container(host)).catch(() => '');
      if (address) found.set(host, address);
    }
    return found;
  }

  /** What `sh -c` prints in a container, as `kubectl exec` runs it. */
  shell(host: string, script: string): Promise<string> {
    return docker('exec', this.#container(host), 'sh', '-c', script);
  }

  logs(host: string): Promise<string> {
    return docker('logs', '--tail', '60', this.#container(host));
  }

  /** Process list and environment of every container, as somebody on the node sees them. */
  async exposed(): Promise<string> {
    const texts = [...this.members, ...this.sentinels].flatMap((host) => [
      docker('top', this.#container(host), '-eo', 'pid,args'),
      docker('inspect', this.#container(host)),
      docker('logs', this.#container(host)),
    ]);
    return (await Promise.all(texts)).join('\n');
  }

  async end(): Promise<void> {
    for (const host of [...this.members, ...this.sentinels]) {
      await docker('rm', '--force', '--volumes', this.#container(host)).catch(() => '');
      if (this.members.includes(host)) await this.loseVolume(host).catch(() => {});
    }
    await docker('network', 'rm', this.#id).catch(() => '');
  }

  #container(host: string): string {
    return `${this.#id}-${host.split('.')[0]}`;
  }
}

function numbered(what: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `shop-${what}-${i}.shop-${what}-members`);
}

async function docker(...args: string[]): Promise<string> {
  const { stdout, stderr } = await execa('docker', args);
  return args[0] === 'logs' ? stdout + stderr : stdout;
}

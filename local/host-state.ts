import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ask } from './command.ts';

/** What a container engine changes on its host, as it was before ours started. */
export interface HostState {
  /** Nothing of an earlier boot needs to be undone. */
  boot: string;
  dataRoot: string;
  links: string[];
  sysctls: Record<string, string>;
  /** The output of iptables-save and ip6tables-save. */
  rules: Record<FirewallFamily, string>;
  nftTables: string[];
  /** Those of `engineTraces` that existed. */
  paths: string[];
}

export type FirewallFamily = 'iptables' | 'ip6tables';
export const families: readonly FirewallFamily[] = ['iptables', 'ip6tables'];

/** Written by dockerd, or from inside a privileged node by its systemd, kubelet and kube-proxy. */
const sysctls = [
  'net/ipv4/ip_forward',
  'net/ipv4/conf/all/route_localnet',
  'net/ipv6/conf/all/forwarding',
  'net/bridge/bridge-nf-call-iptables',
  'net/bridge/bridge-nf-call-ip6tables',
  'net/netfilter/nf_conntrack_max',
  'fs/file-max',
  'fs/nr_open',
  'fs/protected_fifos',
  'fs/protected_hardlinks',
  'fs/protected_regular',
  'fs/protected_symlinks',
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/core_uses_pid',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/pid_max',
  'kernel/sysrq',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
];

/** Files and folders outside our own that dockerd, containerd and runc make whatever they are told. */
const fixedTraces = [
  '/etc/docker/key.json',
  '/etc/docker',
  '/opt/containerd',
  '/run/containerd',
  '/run/docker',
  '/run/mount',
  '/run/runc',
  '/run/xtables.lock',
  '/var/lib/docker',
  '/var/lib/containerd',
];

/** The folders that may be ours to remove, with the control groups of every hierarchy. */
export async function engineTraces(): Promise<string[]> {
  const root = '/sys/fs/cgroup';
  const hierarchies = existsSync(root) ? await readdir(root) : [];
  return [...fixedTraces, join(root, 'docker'), ...hierarchies.map((name) => join(root, name, 'docker'))];
}

export async function links(): Promise<string[]> {
  return existsSync('/sys/class/net') ? readdir('/sys/class/net') : [];
}

export async function nftTables(): Promise<string[]> {
  return ((await ask('nft', ['list', 'tables'])) ?? '')
    .split('\n')
    .filter((line) => line.startsWith('table '));
}

export async function firewallRules(family: FirewallFamily): Promise<string> {
  return (await ask(`${family}-save`, [])) ?? '';
}

export async function readSysctls(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of sysctls) {
    const value = await readFile(`/proc/sys/${name}`, 'utf8').catch(() => undefined);
    if (value !== undefined) found[name] = value.trim();
  }
  return found;
}

export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

export async function readHostState(dataRoot: string): Promise<HostState> {
  return {
    boot: await bootId(),
    dataRoot,
    links: await links(),
    sysctls: await readSysctls(),
    rules: { iptables: await firewallRules('iptables'), ip6tables: await firewallRules('ip6tables') },
    nftTables: await nftTables(),
    paths: (await engineTraces()).filter((path) => existsSync(path)),
  };
}

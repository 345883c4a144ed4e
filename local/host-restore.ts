import { existsSync } from 'node:fs';
import { readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ask, command } from './command.ts';
import { undoScript } from './firewall.ts';
import {
  engineTraces,
  families,
  firewallRules,
  type HostState,
  links,
  nftTables,
  readSysctls,
} from './host-state.ts';

/** Puts back what our engine changed on the host; everything in `before` stays. Says in words what it removed. */
export async function restoreHost(before: HostState): Promise<string[]> {
  const removed = [...(await removeBridges(before)), ...(await restoreFirewall(before))];
  for (const [name, value] of Object.entries(await readSysctls())) {
    const former = before.sysctls[name];
    if (former !== undefined && former !== value) await writeFile(`/proc/sys/${name}`, former);
  }
  for (const path of await engineTraces()) {
    if (before.paths.includes(path) || !existsSync(path)) continue;
    if (path.startsWith('/sys/fs/cgroup/')) await removeControlGroup(path);
    else await rm(path, { recursive: true, force: true });
  }
  return removed;
}

async function removeBridges(before: HostState): Promise<string[]> {
  const removed: string[] = [];
  for (const link of await links()) {
    if (before.links.includes(link) || !/^(docker0|br-[0-9a-f]{12}|veth[0-9a-f]+)$/.test(link)) continue;
    // A veth goes with its peer, so that it may be gone by now.
    if ((await ask('ip', ['link', 'delete', link])) !== undefined) removed.push(`network interface ${link}`);
  }
  return removed;
}

async function restoreFirewall(before: HostState): Promise<string[]> {
  let changed = false;
  for (const family of families) {
    const script = undoScript(before.rules[family], await firewallRules(family));
    if (script === '') continue;
    await command(`${family}-restore`, ['--noflush'], { step: 'Restoring the firewall', input: script });
    changed = true;
  }
  for (const table of await nftTables()) {
    if (before.nftTables.includes(table) || !/^table ip6? (filter|nat|mangle|raw)$/.test(table)) continue;
    const [, family = '', name = ''] = table.split(' ');
    const content = (await ask('nft', ['list', 'table', family, name])) ?? '';
    if (isEmptyTable(content)) await ask('nft', ['delete', 'table', family, name]);
  }
  return changed ? ["Docker's firewall rules"] : [];
}

/** True when an nft table holds nothing but base chains that accept. */
export function isEmptyTable(listed: string): boolean {
  return listed
    .split('\n')
    .map((line) => line.trim())
    .every((line) => /^(|}|#.*|table .* \{|chain \S+ \{|type \S+ hook .*policy accept;)$/.test(line));
}

/** Control groups are removed from the leaves up, with rmdir: their files cannot be deleted. */
async function removeControlGroup(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await removeControlGroup(join(path, entry.name));
  }
  await rmdir(path).catch(() => undefined);
}

/** Unmounts everything at or below these folders, deepest first. */
export async function unmountBelow(folders: string[]): Promise<void> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((mount) => folders.some((folder) => mount === folder || mount.startsWith(`${folder}/`)));
  for (const mount of mounts.sort((a, b) => b.length - a.length)) await ask('umount', ['-l', mount]);
}

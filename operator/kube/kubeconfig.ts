import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';

interface NamedUser {
  name?: string;
  user?: { tokenFile?: string; token?: string } | null;
}

/**
 * From KUBECONFIG, ~/.kube/config or the pod's service account, in this order. `tokenFile` of a user, which
 * client-node does not know, is read like that of a service account: again and again.
 */
export function defaultKubeConfig(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  const named = (process.env.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  const files = named.length > 0 ? named : [join(homedir(), '.kube', 'config')];
  const tokenFiles = new Map(
    files
      .filter((file) => existsSync(file))
      .reverse()
      .flatMap(tokenFilesOf),
  );
  if (tokenFiles.size > 0) {
    config.users = config.users.map((user) => {
      const tokenFile = tokenFiles.get(user.name);
      if (tokenFile === undefined || user.authProvider || user.exec) return user;
      const { token: _, ...rest } = user;
      return { ...rest, authProvider: { name: 'tokenFile', config: { tokenFile } } };
    });
  }
  return config;
}

/** The first file that names a user counts, and a relative path starts at its file, as kubectl has it. */
function tokenFilesOf(file: string): [string, string][] {
  const { users } = (parse(readFileSync(file, 'utf8')) ?? {}) as { users?: NamedUser[] | null };
  return (users ?? []).flatMap(({ name, user }): [string, string][] =>
    name !== undefined && user?.tokenFile ? [[name, resolve(dirname(file), user.tokenFile)]] : [],
  );
}

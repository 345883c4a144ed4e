import { basename } from 'node:path';
import { KubeConfig, type User } from '@kubernetes/client-node';

interface Exec {
  apiVersion?: string;
  command?: string;
  env?: { name: string; value: string }[] | null;
}

const LONGEST = 300;
/** What a program that is in trouble may print of a secret: bearer and JSON web tokens, and named values. */
const SECRETS = [
  /\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g,
  /(?<=\bbearer\s+)\S+/gi,
  /(?<=\b[\w-]*(token|secret|password|passwd|key)"?\s*[=:]\s*"?)[^\s"',]+/gi,
];

/** Plugins find in KUBERNETES_EXEC_INFO which version of the protocol is spoken, and that nobody is there to type. */
export function withExecInfo(config: KubeConfig): KubeConfig {
  const users = config.users.map((user) => {
    const exec = execOf(user);
    if (exec === undefined) return user;
    const { apiVersion = 'client.authentication.k8s.io/v1' } = exec;
    const value = JSON.stringify({ kind: 'ExecCredential', apiVersion, spec: { interactive: false } });
    return {
      ...user,
      exec: { ...exec, env: [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value }] },
    };
  });
  if (users.every((user, i) => user === config.users[i])) return config;
  const { clusters, contexts, currentContext } = config;
  const informed = new KubeConfig();
  informed.loadFromOptions({ clusters, users, contexts, currentContext });
  return informed;
}

/** What went wrong in one sentence: of a plugin its name and its own first words, never what it gave out. */
export function explained(error: unknown, config: KubeConfig): Error {
  const exec = execOf(config.getCurrentUser());
  if (exec === undefined) return error instanceof Error ? error : new Error(String(error));
  const plugin = `the credential plugin ${basename(exec.command ?? '')} of the kubeconfig`;
  const { code, message = '' } = error as { code?: string; message?: string };
  if (code === 'ENOENT') return new Error(`${plugin} is not installed: put it on the PATH`, { cause: error });
  if (code !== undefined && !code.startsWith('ERR_'))
    return new Error(`${plugin} cannot be started: ${code}`);
  // The parser's message quotes the output, which may be half of a credential.
  if (error instanceof SyntaxError || error instanceof TypeError) {
    return new Error(
      `${plugin} did not print an ExecCredential in JSON: run it by hand to see what it prints`,
    );
  }
  const words = firstLine(message);
  return new Error(words === '' ? `${plugin} failed and said nothing` : `${plugin} failed: ${words}`);
}

function firstLine(text: string): string {
  const line = text.split('\n').find((part) => part.trim() !== '') ?? '';
  return SECRETS.reduce((shown, secret) => shown.replace(secret, '…'), line.trim()).slice(0, LONGEST);
}

function execOf(user: User | null): Exec | undefined {
  return (user?.exec ?? user?.authProvider?.config?.exec) as Exec | undefined;
}

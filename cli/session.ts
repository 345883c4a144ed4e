import type { KubeConfig } from '@kubernetes/client-node';
import { defaultKubeConfig } from '../operator/kube/kubeconfig.ts';
import { KubeClient } from '../operator/kube/transport.ts';
import { CliError, EXIT } from './exit.ts';
import type { Asked } from './failure.ts';
import { suggestion } from './terminal/nearest.ts';
import type { Terminal } from './terminal/terminal.ts';

/** What every command can be told. */
export interface GlobalOptions {
  context?: string;
  kubeconfig?: string;
  namespace?: string;
  output?: Format;
}

export const FORMATS = ['text', 'json', 'yaml'] as const;
export type Format = (typeof FORMATS)[number];

/** What a command works with: one cluster, one namespace, one place to write to. */
export interface Session {
  client: KubeClient;
  namespace: string;
  asked: Asked;
  format: Format;
  terminal: Terminal;
  /** Aborted by Ctrl-C, and when the command is over. */
  signal: AbortSignal;
  /** Milliseconds since the epoch. */
  now(): number;
  /** To standard output, with its line's end. */
  print(text: string): void;
  /** To standard error: what is about the command, and not its result. */
  note(text: string): void;
  /** The same cluster for `kubectl`, as its flags. */
  kubectlFlags: string[];
}

/** Which cluster, and which of its namespaces. */
export interface Target {
  config: KubeConfig;
  namespace: string;
  asked: Asked;
  kubectlFlags: string[];
}

/** Reads the kubeconfig. Throws CliError when there is none, or no such context in it. */
export function targetOf({ context, kubeconfig, namespace }: GlobalOptions): Target {
  // kubectl, which psql starts, has to find the same file.
  if (kubeconfig !== undefined) process.env.KUBECONFIG = kubeconfig;
  const config = read();
  const contexts = config.getContexts().map(({ name }) => name);
  if (context !== undefined) {
    if (!contexts.includes(context))
      throw new CliError(
        `The kubeconfig has no context ${context}.${suggestion(context, contexts)} kubectl config get-contexts lists them.`,
        EXIT.notFound,
      );
    config.setCurrentContext(context);
  }
  const current = config.getContextObject(config.getCurrentContext());
  const cluster = config.getCurrentCluster();
  if (!cluster)
    throw new CliError(
      'The kubeconfig names no cluster: choose one with kubectl config use-context, or name one with --context or --kubeconfig.',
      EXIT.cluster,
    );
  const chosen = namespace ?? current?.namespace ?? 'default';
  return {
    config,
    namespace: chosen,
    asked: { server: cluster.server, context: config.getCurrentContext() },
    kubectlFlags: [
      ...(context === undefined ? [] : [`--context=${context}`]),
      ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
      `--namespace=${chosen}`,
    ],
  };
}

function read(): KubeConfig {
  try {
    return defaultKubeConfig();
  } catch (error) {
    throw new CliError(
      `The cluster is not known, the kubeconfig cannot be read: ${(error as Error).message.split('\n')[0]}. Check --kubeconfig and KUBECONFIG.`,
      EXIT.cluster,
    );
  }
}

export function clientOf({ config }: Pick<Target, 'config'>): KubeClient {
  return KubeClient.fromKubeConfig(config, { userAgent: 'kubectl-cryptosense', connections: 16 });
}

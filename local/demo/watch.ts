import type { KubeConfig } from '@kubernetes/client-node';
import type { Environment } from '../../operator/api/resolved.ts';
import { RESOURCES } from '../../operator/environment/resources.ts';
import { silentLog } from '../../operator/kube/log.ts';
import { Reflector } from '../../operator/kube/reflector.ts';
import type { KubeObject } from '../../operator/kube/resources.ts';
import { KubeClient } from '../../operator/kube/transport.ts';

/** Follows one CryptoSenseEnvironment and answers when it is in a wanted state. */
export class EnvironmentWatch {
  readonly #client: KubeClient;
  readonly #stop = new AbortController();
  readonly #reflector: Reflector<KubeObject>;
  readonly #listeners = new Set<(environment: Environment) => void>();
  readonly #namespace: string;
  readonly #name: string;

  constructor(kubeConfig: KubeConfig, namespace: string, name: string) {
    this.#namespace = namespace;
    this.#name = name;
    this.#client = KubeClient.fromKubeConfig(kubeConfig);
    this.#reflector = new Reflector<KubeObject>({
      client: this.#client,
      resource: RESOURCES.environments,
      namespace,
      fieldSelector: `metadata.name=${name}`,
      log: silentLog,
      onChange: (event, object) => {
        if (event === 'deleted') return;
        for (const listener of this.#listeners) listener(object as unknown as Environment);
      },
    });
    void this.#reflector.start(this.#stop.signal);
  }

  get current(): Environment | undefined {
    return this.#reflector.store.get(this.#namespace, this.#name) as unknown as Environment | undefined;
  }

  /** Resolves when the server was asked once, so that `current` says whether the environment is there. */
  async synced(): Promise<void> {
    await this.#reflector.synced;
  }

  /** Calls `listener` for every change until the returned function is called. */
  onChange(listener: (environment: Environment) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves with the first state in which `reached` holds; rejects after `timeoutMs` with the last summary. */
  until(
    what: string,
    reached: (environment: Environment) => boolean,
    timeoutMs: number,
  ): Promise<Environment> {
    return new Promise((resolve, reject) => {
      let stopListening = () => {};
      const timer = setTimeout(() => {
        stopListening();
        const doing = this.current?.status?.summary ?? 'the operator has not said anything yet';
        reject(new Error(`${what} was not reached in ${Math.round(timeoutMs / 1000)} s: ${doing}`));
      }, timeoutMs);
      const look = (environment: Environment) => {
        if (!reached(environment)) return;
        clearTimeout(timer);
        stopListening();
        resolve(environment);
      };
      stopListening = this.onChange(look);
      if (this.current) look(this.current);
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#client.close();
  }
}

/** Whether condition `type` is True for the generation that is there now. */
function isTrue(environment: Environment, type: string): boolean {
  const { generation } = environment.metadata;
  const found = environment.status?.conditions?.find((condition) => condition.type === type);
  return found?.status === 'True' && found.observedGeneration === generation;
}

/** Whether the operator has seen the newest spec and has nothing left to do. */
export function isSettled(environment: Environment): boolean {
  const { generation } = environment.metadata;
  const found = environment.status?.conditions?.find((condition) => condition.type === 'Reconciling');
  return (
    environment.status?.observedGeneration === generation &&
    found?.status === 'False' &&
    isTrue(environment, 'Ready')
  );
}

import { create } from './apply.ts';
import { answered } from './errors.ts';
import { microTime } from './micro-time.ts';
import { type KubeObject, type Manifest, pathOf, type Resource } from './resources.ts';
import type { KubeClient } from './transport.ts';

export const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  namespaced: true,
  kind: 'Lease',
};

export interface Lease extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/**
 * Reads and writes one Lease; every write is refused (409) when somebody else wrote in between. Its requests wait for no
 * others, however many there are.
 */
export class LeaseRecord {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #name: string;

  constructor(client: KubeClient, namespace: string, name: string) {
    this.#client = client;
    this.#namespace = namespace;
    this.#name = name;
  }

  async read(timeoutMs: number, signal: AbortSignal): Promise<Lease | undefined> {
    try {
      const path = pathOf(LEASES, this.#namespace, this.#name);
      return await this.#client.request<Lease>({
        method: 'GET',
        path,
        timeoutMs,
        signal,
        isReserved: true,
      });
    } catch (error) {
      if (answered(error, 404)) return undefined;
      throw error;
    }
  }

  /** Writes the holder into the record as it was read; creates it when there was none. */
  async take(
    seen: Lease | undefined,
    identity: string,
    durationMs: number,
    call: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<Lease> {
    const now = microTime();
    const isChange = seen?.spec?.holderIdentity !== identity;
    const transitions = seen?.spec?.leaseTransitions ?? 0;
    const spec = {
      ...seen?.spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.ceil(durationMs / 1_000)),
      acquireTime: isChange ? now : (seen?.spec?.acquireTime ?? now),
      renewTime: now,
      leaseTransitions: transitions + (isChange && seen !== undefined && identity !== '' ? 1 : 0),
    };
    if (seen === undefined) {
      const manifest: Manifest = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: this.#name, namespace: this.#namespace },
        spec,
      };
      return (await create(this.#client, LEASES, manifest, { ...call, isReserved: true })) as Lease;
    }
    return this.#client.request<Lease>({
      method: 'PUT',
      path: pathOf(LEASES, this.#namespace, this.#name),
      body: { ...seen, spec },
      isReserved: true,
      ...call,
    });
  }
}

import { type Cluster, KubeConfig } from '@kubernetes/client-node';
import { KubeError } from '../kube/errors.ts';
import { createMetrics } from '../kube/metrics.ts';
import { KubeClient } from '../kube/transport.ts';

/** What a right is asked for; without a namespace in all of them. */
export interface Ask {
  verb: string;
  group: string;
  resource: string;
  namespace?: string;
  name?: string;
}

const TIMEOUT_MS = 10_000;
/** Connections of one person's requests; watches have their own. */
const CONNECTIONS = 8;

/** What those requests count is nobody's metric: the operator's own requests are. */
const metrics = createMetrics();

/**
 * A person, known by a token of the API server's. Everything is asked with that token and never with the operator's own
 * credentials: so the API server itself says who it is, what may be seen, and whether a write is allowed.
 */
export class Viewer {
  readonly client: KubeClient;
  #user: Promise<string> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  readonly #rights = new Map<string, { allowed: Promise<boolean>; askedAt: number }>();
  readonly #freshMs: number;

  /** @param freshMs for so long an answer of the API server's is taken as it was. */
  constructor(cluster: Cluster, token: string, freshMs: number) {
    const config = new KubeConfig();
    // The cluster's address and authority alone: a certificate of the operator's would speak for the operator.
    config.loadFromClusterAndUser(cluster, { name: 'viewer', token });
    this.client = KubeClient.fromKubeConfig(config, {
      metrics,
      connections: CONNECTIONS,
      userAgent: 'cryptosense-dashboard',
    });
    this.#freshMs = freshMs;
  }

  /** The name of the user, as the API server has it. Throws KubeError 401 when the token is not valid, or not any more. */
  user(): Promise<string> {
    if (this.#user === undefined || performance.now() - this.#askedAt > this.#freshMs) {
      this.#askedAt = performance.now();
      this.#user = this.#whoAmI();
      this.#user.catch(() => {
        this.#askedAt = Number.NEGATIVE_INFINITY;
      });
    }
    return this.#user;
  }

  /** Whether the API server would let this person do it. */
  may(ask: Ask): Promise<boolean> {
    const key = [ask.verb, ask.group, ask.resource, ask.namespace ?? '*', ask.name ?? '*'].join(' ');
    const known = this.#rights.get(key);
    if (known !== undefined && performance.now() - known.askedAt <= this.#freshMs) return known.allowed;
    const allowed = this.#review(ask);
    this.#rights.set(key, { allowed, askedAt: performance.now() });
    allowed.catch(() => this.#rights.delete(key));
    return allowed;
  }

  /** Forgets what was answered: who opens a page, or opens it again, sees it with the rights of now. */
  refresh(): void {
    this.#user = undefined;
    this.#rights.clear();
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  async #whoAmI(): Promise<string> {
    const { status } = await this.#post<{ userInfo?: { username?: string } }>(
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    );
    const user = status?.userInfo?.username ?? '';
    if (user === '' || user === 'system:anonymous')
      throw new KubeError('The token', { code: 401, reason: 'Unauthorized', message: 'it names nobody' });
    return user;
  }

  async #review({ verb, group, resource, namespace, name }: Ask): Promise<boolean> {
    const { status } = await this.#post<{ allowed?: boolean }>(
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: {
          resourceAttributes: {
            verb,
            group,
            resource,
            ...(namespace === undefined ? {} : { namespace }),
            ...(name === undefined ? {} : { name }),
          },
        },
      },
    );
    return status?.allowed === true;
  }

  /** A review changes nothing: a connection that broke under it costs one repetition. */
  async #post<T>(path: string, body: object): Promise<{ status?: T }> {
    const ask = () =>
      this.client.request<{ status?: T }>({ method: 'POST', path, body, timeoutMs: TIMEOUT_MS });
    return ask().catch((error: unknown) => {
      if (error instanceof KubeError && error.reason === 'Reset') return ask();
      throw error;
    });
  }
}

/** What the API server said, without what was asked. */
export function saidBy(error: KubeError): string {
  if (error.code === 0) return 'The API server of the cluster does not answer.';
  if (error.code === 401)
    return 'The API server does not accept this token: it has expired, or is none of this cluster.';
  const start = `${error.code} ${error.reason}: `;
  const at = error.message.indexOf(start);
  return at < 0 ? error.message : error.message.slice(at + start.length);
}

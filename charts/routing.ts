import { ApiObject, Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { apiListeners, GATEWAY_API } from './gateway.ts';
import { selector } from './pod.ts';

/** A revision and its share of the requests; only the proportion of the weights counts. */
export interface Backend {
  revision: string;
  weight: number;
}

/** What the route does besides sharing by weight: requests with these headers, copies of so many percent of all. */
export interface Besides {
  headers?: { revision: string; match: readonly { name: string; value: string }[] };
  mirror?: { revision: string; percent: number };
}

/** Not everything: /metrics is for the cluster, not for the world. */
const PATHS = [
  { type: 'PathPrefix', value: '/api' },
  { type: 'PathPrefix', value: '/health' },
  // The web page and its files.
  { type: 'Exact', value: '/' },
  { type: 'PathPrefix', value: '/assets' },
];

/** The HTTPRoute (Gateway API) that shares the requests among the Services of the revisions. */
export class RoutingChart extends Chart {
  constructor(
    scope: Construct,
    environment: ResolvedEnvironment,
    backends: Backend[],
    { headers, mirror }: Besides = {},
  ) {
    super(scope, 'routing', {
      namespace: environment.namespace,
      labels: labels(environment.name, 'routing'),
    });
    const { name, spec } = environment;
    const own = names(name);
    const { gateway, hostnames } = spec.routing;
    // Of a Gateway that others made the listeners are not known: the route attaches to all that take it.
    const listeners =
      gateway.className === undefined
        ? [{}]
        : apiListeners(environment).map((sectionName) => ({ sectionName }));

    const backendRefs = backends.map(({ revision, weight }) => ({
      name: own.revision(revision),
      port: 80,
      weight,
    }));
    new ApiObject(this, 'route', {
      apiVersion: GATEWAY_API,
      kind: 'HTTPRoute',
      metadata: { name: own.api },
      spec: {
        parentRefs: listeners.map((listener) => ({
          name: gateway.name,
          namespace: gateway.namespace,
          ...listener,
        })),
        ...(hostnames.length > 0 ? { hostnames } : {}),
        rules: [
          ...(headers
            ? [
                {
                  matches: PATHS.map((path) => ({ path, headers: headers.match.map(exactly) })),
                  backendRefs: [{ name: own.revision(headers.revision), port: 80, weight: 1 }],
                },
              ]
            : []),
          // Copies of reads alone: a write that is done twice is done twice.
          ...(mirror
            ? [
                {
                  matches: PATHS.map((path) => ({ path, method: 'GET' })),
                  filters: [copies(own.revision(mirror.revision), mirror.percent)],
                  backendRefs,
                },
              ]
            : []),
          { matches: PATHS.map((path) => ({ path })), backendRefs },
        ],
      },
    });
  }
}

function exactly({ name, value }: { name: string; value: string }) {
  return { type: 'Exact', name, value };
}

function copies(service: string, percent: number) {
  return { type: 'RequestMirror', requestMirror: { backendRef: { name: service, port: 80 }, percent } };
}

/**
 * Without a gateway: the Service that clients call. Its selector finds the pods of one revision, or, while two share the
 * requests, those of every revision.
 */
export class ServiceRouteChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment, revision: string | undefined) {
    const { name, namespace } = environment;
    super(scope, 'routing', { namespace, labels: labels(name, 'routing') });
    new k8s.KubeService(this, 'service', {
      metadata: { name: names(name).api },
      spec: {
        selector: selector(name, 'api', revision),
        ports: [{ name: 'http', port: 80, targetPort: k8s.IntOrString.fromString('http') }],
      },
    });
  }
}

/** Blue-green: where the new release can be looked at before it gets a request. */
export class PreviewChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment, revision: string) {
    const { name, namespace } = environment;
    super(scope, 'preview', { namespace, labels: labels(name, 'routing') });
    new k8s.KubeService(this, 'service', {
      metadata: { name: names(name).preview },
      spec: {
        selector: selector(name, 'api', revision),
        ports: [{ name: 'http', port: 80, targetPort: k8s.IntOrString.fromString('http') }],
      },
    });
  }
}

import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { apiListeners, GATEWAY_API } from './gateway.ts';

/** A revision and its share of the requests; only the proportion of the weights counts. */
export interface Backend {
  revision: string;
  weight: number;
}

/** The HTTPRoute (Gateway API) that shares the requests among the Services of the revisions. */
export class RoutingChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment, backends: Backend[]) {
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
          {
            // Not everything: /metrics is for the cluster, not for the world.
            matches: [
              { path: { type: 'PathPrefix', value: '/api' } },
              { path: { type: 'PathPrefix', value: '/health' } },
              { path: { type: 'Exact', value: '/' } },
            ],
            backendRefs: backends.map(({ revision, weight }) => ({
              name: own.revision(revision),
              port: 80,
              weight,
            })),
          },
        ],
      },
    });
  }
}

import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';

export const GATEWAY_API = 'gateway.networking.k8s.io/v1';

const HTTP = 'http';

/** Listeners of the environment's own Gateway that serve HTTPS, one a host name; [] without TLS. */
function secureListeners({ spec }: ResolvedEnvironment): { name: string; hostname?: string }[] {
  const { tls, hostnames } = spec.routing;
  if (!tls) return [];
  if (hostnames.length === 0) return [{ name: 'https' }];
  return hostnames.map((hostname, i) => ({ name: `https-${i}`, hostname }));
}

/** The listeners that the API's route attaches to. With TLS the one for HTTP only redirects. */
export function apiListeners(environment: ResolvedEnvironment): string[] {
  const secure = secureListeners(environment).map(({ name }) => name);
  return secure.length > 0 ? secure : [HTTP];
}

/** The Secret with the certificate of the environment's own Gateway. */
export function certificateSecret({ name, spec }: ResolvedEnvironment): string {
  return spec.routing.tls?.secretName ?? names(name).certificate;
}

/**
 * The environment's own Gateway, for routes of its namespace alone, and with TLS the route that sends HTTP to HTTPS.
 * Nothing when the environment uses a Gateway that is there.
 */
export class GatewayChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment) {
    super(scope, 'gateway', {
      namespace: environment.namespace,
      labels: labels(environment.name, 'routing'),
    });
    const { name, spec } = environment;
    const { gateway, tls, hostnames } = spec.routing;
    if (gateway.className === undefined) return;
    const own = names(name);
    const allowedRoutes = { namespaces: { from: 'Same' } };

    new ApiObject(this, 'gateway', {
      apiVersion: GATEWAY_API,
      kind: 'Gateway',
      metadata: { name: own.gateway, annotations: issuerAnnotations(tls) },
      spec: {
        gatewayClassName: gateway.className,
        listeners: [
          { name: HTTP, protocol: 'HTTP', port: 80, allowedRoutes },
          ...secureListeners(environment).map((listener) => ({
            ...listener,
            protocol: 'HTTPS',
            port: 443,
            tls: { mode: 'Terminate', certificateRefs: [{ name: certificateSecret(environment) }] },
            allowedRoutes,
          })),
        ],
      },
    });
    if (!tls) return;
    new ApiObject(this, 'redirect', {
      apiVersion: GATEWAY_API,
      kind: 'HTTPRoute',
      metadata: { name: own.redirect },
      spec: {
        parentRefs: [{ name: own.gateway, namespace: environment.namespace, sectionName: HTTP }],
        ...(hostnames.length > 0 ? { hostnames } : {}),
        // cert-manager's answer to a challenge is a route with a longer path, which wins over this one.
        rules: [
          {
            matches: [{ path: { type: 'PathPrefix', value: '/' } }],
            filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } }],
          },
        ],
      },
    });
  }
}

/** By these cert-manager makes the certificate of a Gateway and keeps it valid. */
function issuerAnnotations(tls: ResolvedEnvironment['spec']['routing']['tls']): Record<string, string> {
  if (!tls?.issuer) return {};
  const kind = tls.issuer.kind === 'Issuer' ? 'issuer' : 'cluster-issuer';
  return { [`cert-manager.io/${kind}`]: tls.issuer.name };
}

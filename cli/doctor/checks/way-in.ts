import { certificateSecret } from '../../../charts/gateway.ts';
import type { Facts } from '../facts.ts';
import { type Check, type Finding, fail, unknown, warn } from '../finding.ts';

const DAY_MS = 86_400_000;
/** cert-manager renews 30 days before the end of the usual 90: what is nearer than that was not renewed. */
const SOON_MS = 21 * DAY_MS;

const certificates: Check = {
  id: 'certificates',
  list: 'pre-launch',
  item: 'SSL certificates installed',
  look(facts) {
    const { resolved, secrets, now } = facts;
    const { tls, hostnames, mode, gateway } = resolved.spec.routing;
    if (mode === 'service' || ['local', 'development'].includes(resolved.spec.tier)) return undefined;
    if (gateway.className === undefined) return sharedGateway(facts);
    if (!tls)
      return [
        fail(
          'requests come in plain HTTP: spec.routing.tls is not set',
          'Name a certificate (secretName) or an issuer of cert-manager in spec.routing.tls: examples/features/own-gateway-tls.yaml.',
        ),
      ];
    const name = certificateSecret(resolved);
    const secret = secrets[name];
    if (secret === undefined || secret.state === 'forbidden')
      return [
        unknown(
          `the certificate in Secret ${name} may not be read`,
          'Ask for the right to get this Secret, or look at its end yourself.',
        ),
      ];
    if (secret.state === 'absent')
      return [
        fail(
          `the certificate's Secret ${name} is not there`,
          tls.issuer
            ? 'Look at what cert-manager says: kubectl describe certificate.'
            : `kubectl create secret tls ${name} --cert=<file> --key=<file>`,
        ),
      ];
    const { certificate } = secret;
    if (!certificate)
      return [
        fail(
          `Secret ${name} has no certificate that can be read`,
          'It needs the keys tls.crt and tls.key, in PEM.',
        ),
      ];
    const findings: Finding[] = [];
    const left = certificate.notAfter - now;
    const end = new Date(certificate.notAfter).toISOString().slice(0, 10);
    if (left <= 0)
      findings.push(
        fail(
          `the certificate ended on ${end}`,
          'Renew it; where cert-manager should have, kubectl describe certificate says why not.',
        ),
      );
    else if (left < SOON_MS)
      findings.push(
        warn(
          `the certificate ends on ${end}, and was not renewed`,
          'Renew it; where cert-manager should have, kubectl describe certificate says why not.',
        ),
      );
    const uncovered = hostnames.filter((host) => !certificate.names.some((one) => covers(one, host)));
    if (uncovered.length > 0)
      findings.push(
        fail(
          `the certificate is not for ${uncovered.join(', ')}, but for ${certificate.names.join(', ')}`,
          'Have it made anew with all names of spec.routing.hostnames.',
        ),
      );
    return findings;
  },
};

/** A shared Gateway has its certificates itself: whether it listens with TLS can be seen. */
function sharedGateway({ resolved, cluster, groups }: Facts): Finding[] {
  const { gateway } = resolved.spec.routing;
  const title = `Gateway ${gateway.namespace}/${gateway.name}`;
  if (!groups.includes('gateway.networking.k8s.io'))
    return [
      fail(
        'the cluster has no Gateway API',
        'Install it (standard channel) and a gateway, or set spec.routing.mode to service.',
      ),
    ];
  if (cluster.gateways.missing === 'forbidden')
    return [
      unknown(
        `${title} may not be read`,
        `Ask for the right to get gateways in namespace ${gateway.namespace}.`,
      ),
    ];
  const [found] = cluster.gateways.items;
  if (!found)
    return [
      fail(
        `${title}, which spec.routing names, is not there`,
        'Make it, or name the one that is there in spec.routing.gateway.',
      ),
    ];
  const { listeners = [] } = (found.spec ?? {}) as { listeners?: { protocol?: string }[] };
  const isSecure = listeners.some(({ protocol }) => protocol === 'HTTPS' || protocol === 'TLS');
  return isSecure
    ? []
    : [
        warn(
          `${title} has no HTTPS listener`,
          'Give it one with a certificate, unless something in front of it ends TLS.',
        ),
      ];
}

/** Whether a name of a certificate, which may begin with *., is for a host. */
function covers(name: string, host: string): boolean {
  if (name === host) return true;
  return name.startsWith('*.') && host.split('.').slice(1).join('.') === name.slice(2);
}

const domain: Check = {
  id: 'domain',
  list: 'pre-launch',
  item: 'Domain configured',
  look(facts) {
    const { resolved, hosts, environment, environments } = facts;
    const { hostnames, mode } = resolved.spec.routing;
    const { tier, release } = resolved.spec;
    if (mode === 'service') return undefined;
    const findings: Finding[] = [];
    const isPublic = tier === 'production' || tier === 'staging';
    if (hostnames.length === 0 && isPublic)
      findings.push(
        fail(
          'it takes every host name: spec.routing.hostnames is empty',
          'Name its hosts, for example api.cryptosense.com.',
        ),
      );
    for (const host of hostnames) {
      if (hosts[host] === 'unknown')
        findings.push(
          warn(
            `${host} has no address in the name service that this machine asks`,
            'Add a record that leads to the Gateway.',
          ),
        );
    }
    for (const other of environments) {
      const isSelf = other.metadata.uid === environment.metadata.uid;
      const shared = (other.spec.routing?.hostnames ?? []).filter((host) => hostnames.includes(host));
      if (!isSelf && shared.length > 0)
        findings.push(
          fail(
            `${shared.join(', ')} is also a host name of ${other.metadata.namespace}/${other.metadata.name}`,
            'Each host name belongs to one environment: take it out of the other one.',
          ),
        );
    }
    const base = hostOf(release.config.API_BASE_URL);
    if (
      isPublic &&
      hostnames.length > 0 &&
      base !== undefined &&
      !hostnames.some((host) => covers(host, base))
    )
      findings.push(
        warn(
          `API_BASE_URL says ${base}, which is no host name of spec.routing`,
          'Set API_BASE_URL in spec.release.config to https:// and the first host name.',
        ),
      );
    const ready = environment.status?.conditions?.find(({ type }) => type === 'RoutingReady');
    if (ready?.status === 'False')
      findings.push(
        fail(`requests find no way in: ${ready.message}`, 'docs/routing.md; docs/runbooks/api-down.md.'),
      );
    return findings;
  },
};

function hostOf(url: string | undefined): string | undefined {
  try {
    return url === undefined ? undefined : new URL(url).hostname;
  } catch {
    return url;
  }
}

export const WAY_IN: readonly Check[] = [certificates, domain];

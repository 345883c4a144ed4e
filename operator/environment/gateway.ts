import { certificateSecret } from '../../charts/gateway.ts';
import { names } from '../api/resolved.ts';
import type { Live, Snapshot } from './snapshot.ts';

interface Answer {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  observedGeneration?: number;
}

interface GatewayStatus {
  conditions?: Answer[];
  listeners?: { name: string; conditions?: Answer[] }[];
  addresses?: { value: string }[];
}

export interface GatewayProblem {
  reason: string;
  message: string;
}

type Seen = Pick<Snapshot, 'resolved' | 'live' | 'has'>;

/** What keeps the environment's own Gateway from serving, in one sentence with what to do; undefined when it serves. */
export function gatewayProblem(snapshot: Seen): GatewayProblem | undefined {
  const { resolved } = snapshot;
  const { gateway, tls } = resolved.spec.routing;
  if (gateway.className === undefined) return undefined;
  const title = `Gateway ${gateway.namespace}/${gateway.name}`;
  if (tls?.issuer && !snapshot.has('Certificate')) {
    return {
      reason: 'CertManagerMissing',
      message: `routing.tls.issuer names ${tls.issuer.name}, and the cluster has no cert-manager: install it, or put the certificate into Secret ${certificateSecret(resolved)} and leave the issuer out.`,
    };
  }
  const live = ownGateway(snapshot);
  if (!live) return { reason: 'GatewayMissing', message: `${title} is being created.` };
  const status = (live.status ?? {}) as GatewayStatus;
  const current = (answers: Answer[] = []) =>
    answers.filter(
      ({ observedGeneration = live.metadata.generation }) => observedGeneration === live.metadata.generation,
    );
  const listeners = (status.listeners ?? []).map(({ name, conditions }) => ({
    name,
    answers: current(conditions),
  }));

  if (listeners.some(({ answers }) => answers.some(isBadCertificate))) return badCertificate(snapshot);
  for (const { name, answers } of listeners) {
    const refused = answers.find(
      ({ type, status: is }) => ['Accepted', 'Programmed', 'ResolvedRefs'].includes(type) && is === 'False',
    );
    if (refused)
      return { reason: 'ListenerRefused', message: `${title}: listener ${name}: ${said(refused)}.` };
  }
  const answers = current(status.conditions);
  // Where there is no controller for the class, the API server's own default answers in its place, with Unknown.
  const accepted = answers.find(({ type }) => type === 'Accepted');
  if (accepted?.status !== 'True') {
    const why =
      accepted?.status === 'False'
        ? said(accepted)
        : `no controller has taken it over: is there one for GatewayClass ${gateway.className}?`;
    return { reason: 'GatewayNotAccepted', message: sentence(`${title}: ${why}`) };
  }
  const programmed = answers.find(({ type }) => type === 'Programmed');
  if (programmed?.status === 'True') return undefined;
  return {
    reason: 'GatewayNotProgrammed',
    message: sentence(`${title}: ${programmed ? said(programmed) : 'its controller has not set it up yet'}`),
  };
}

/** Where the environment's own Gateway listens, if its controller says so. */
export function gatewayAddress(snapshot: Seen): string | undefined {
  return ((ownGateway(snapshot)?.status ?? {}) as GatewayStatus).addresses?.[0]?.value;
}

function ownGateway({ resolved, live }: Seen): Live | undefined {
  const { name, namespace, spec } = resolved;
  if (spec.routing.gateway.className === undefined) return undefined;
  return live({ kind: 'Gateway', metadata: { name: names(name).gateway, namespace } });
}

function isBadCertificate({ type, status, reason }: Answer): boolean {
  return type === 'ResolvedRefs' && status === 'False' && reason === 'InvalidCertificateRef';
}

/** The operator may read no Secret: that one is missing it knows from the Gateway's controller. */
function badCertificate({ resolved, live }: Seen): GatewayProblem {
  const secret = certificateSecret(resolved);
  const { namespace, spec } = resolved;
  const { issuer } = spec.routing.tls ?? {};
  const missing = `the certificate's Secret ${namespace}/${secret} is missing or is no certificate`;
  if (!issuer) {
    return {
      reason: 'CertificateMissing',
      message: `There is no HTTPS: ${missing}: kubectl -n ${namespace} create secret tls ${secret} --cert=<file> --key=<file>`,
    };
  }
  // cert-manager names the Certificate of a Gateway after its Secret.
  const certificate = live({ kind: 'Certificate', metadata: { name: secret, namespace } });
  const ready = (certificate?.status as GatewayStatus | undefined)?.conditions?.find(
    ({ type }) => type === 'Ready',
  );
  const kind = issuer.kind ?? 'ClusterIssuer';
  const why = ready
    ? `Certificate ${secret}: ${said(ready)}`
    : `cert-manager has not made it yet: is there ${kind} ${issuer.name}, and does cert-manager watch Gateways (--enable-gateway-api)?`;
  return { reason: 'CertificateMissing', message: sentence(`There is no HTTPS: ${missing}; ${why}`) };
}

function said({ type, status, reason, message }: Answer): string {
  return `${type} is ${status}: ${message?.replace(/\.$/, '') || reason || 'no message'}`;
}

function sentence(text: string): string {
  return /[.?]$/.test(text) ? text : `${text}.`;
}

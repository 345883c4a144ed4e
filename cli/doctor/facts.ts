import type { Environment, ResolvedEnvironment } from '../../operator/api/resolved.ts';
import type { Parts, Read } from '../cluster/parts.ts';

/** What is known of a Secret without keeping any of its values. */
export type SecretFacts =
  | { state: 'absent' }
  | { state: 'forbidden' }
  | { state: 'there'; keys: string[]; certificate?: { notAfter: number; names: string[] } };

/** Everything that the doctor may know, read at one moment. */
export interface Facts {
  /** Milliseconds since the epoch. */
  now: number;
  environment: Environment;
  resolved: ResolvedEnvironment;
  /** Every environment that may be seen, this one included. */
  environments: Environment[];
  /** Whether those of other namespaces could be listed. */
  seesEverywhere: boolean;
  parts: Parts;
  /** Objects of the cluster, by what the checks call them. */
  cluster: Record<ClusterKind, Read>;
  /** Names of the API groups that the server has. */
  groups: string[];
  /** By name, those that the spec refers to. */
  secrets: Record<string, SecretFacts>;
  /** Host names of the spec, and whether the name service of this machine knows them. */
  hosts: Record<string, 'known' | 'unknown' | 'unasked'>;
  /** What /health answered through the API server: a status, or why it was not asked or did not answer. */
  health: { status: number } | { problem: string; isForbidden?: boolean };
}

export type ClusterKind =
  | 'operators'
  | 'leases'
  | 'budgets'
  | 'policies'
  | 'monitors'
  | 'rules'
  | 'volumes'
  | 'classes'
  | 'nodes'
  | 'admission'
  | 'gateways'
  | 'events';

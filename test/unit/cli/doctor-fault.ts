import type { Facts } from '../../../cli/doctor/facts.ts';
import type { Fault } from './doctor-world.ts';
import type { object } from './fixtures.ts';

/** What is wrong, the check that has to find it, how grave it is, what it has to say, and how to bring it about. */
export type Case = [name: string, check: string, gravity: 'fail' | 'warn', says: RegExp, fault: Fault];

export const config = (values: Record<string, string>): Fault => ({
  spec: (spec) => ({ ...spec, release: { ...spec.release, config: values } }),
});
export const cluster = (kind: keyof Facts['cluster'], ...items: ReturnType<typeof object>[]): Fault => ({
  facts: (facts) => ({ ...facts, cluster: { ...facts.cluster, [kind]: { items } } }),
});
export const part = (kind: keyof Facts['parts'], ...items: ReturnType<typeof object>[]): Fault => ({
  facts: (facts) => ({ ...facts, parts: { ...facts.parts, [kind]: { items } } }),
});
export const secret = (name: string, known: Facts['secrets'][string]): Fault => ({
  facts: (facts) => ({ ...facts, secrets: { ...facts.secrets, [name]: known } }),
});
export const backedUp = (more: object): Fault => ({
  spec: (spec) => ({ ...spec, backup: { ...spec.backup, ...more } }),
});

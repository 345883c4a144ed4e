import type { ResolvedEnvironment } from '../api/resolved.ts';
import { parameterProblems } from '../database/parameters.ts';
import { poolProblems } from '../database/pools.ts';

/**
 * What is wrong with the effective values, which the API server cannot see because it does not know the tier's
 * defaults: one sentence each, with what to do.
 */
export function problemsOf(environment: ResolvedEnvironment): string[] {
  const { autoscaling, routing, rollout, tier } = environment.spec;
  const problems: string[] = [...parameterProblems(environment), ...poolProblems(environment)];
  if (autoscaling.minReplicas > autoscaling.maxReplicas) {
    problems.push(
      `spec.autoscaling.minReplicas (${autoscaling.minReplicas}) is above maxReplicas (${autoscaling.maxReplicas}, of which tier ${tier} may be the source): set both`,
    );
  }
  if (routing.tls?.issuer && routing.hostnames.length === 0) {
    problems.push(
      `spec.routing.tls.issuer (${routing.tls.issuer.name}) cannot make a certificate for every host: name them in spec.routing.hostnames`,
    );
  }
  if (routing.mode === 'service') {
    for (const [index, { headers, mirror }] of rollout.canary.steps.entries()) {
      const field = headers ? 'headers' : mirror === undefined ? undefined : 'mirror';
      if (field === undefined) continue;
      problems.push(
        `spec.rollout.canary.steps[${index}].${field} needs a gateway, and spec.routing.mode is service, which only counts pods: leave the step out, or set routing.mode to gateway`,
      );
    }
  }
  if (environment.spec.recovery) {
    problems.push(
      'spec.recovery: this version of the operator cannot make a database from backups yet, and an empty one in its place could pass for the real one; make the environment without spec.recovery, or with a later version',
    );
  }
  if (autoscaling.quietHours && autoscaling.quietHours.minReplicas > autoscaling.minReplicas) {
    problems.push(
      `spec.autoscaling.quietHours.minReplicas (${autoscaling.quietHours.minReplicas}) is above minReplicas (${autoscaling.minReplicas}, of which tier ${tier} may be the source): quiet hours only lower the floor`,
    );
  }
  return problems;
}

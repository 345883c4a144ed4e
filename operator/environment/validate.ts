import type { ResolvedEnvironment } from '../api/resolved.ts';
import { prefixOf } from '../backup/repository.ts';
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
  const { recovery, backup } = environment.spec;
  if (recovery && backup.enabled && samePlace(environment, recovery.bucket, backup.bucket)) {
    problems.push(
      'spec.backup.bucket is the very place that spec.recovery makes the database from, and two histories must not be mixed in one archive: give spec.backup.bucket.prefix another value, for example with a number behind it',
    );
  }
  if (autoscaling.quietHours && autoscaling.quietHours.minReplicas > autoscaling.minReplicas) {
    problems.push(
      `spec.autoscaling.quietHours.minReplicas (${autoscaling.quietHours.minReplicas}) is above minReplicas (${autoscaling.minReplicas}, of which tier ${tier} may be the source): quiet hours only lower the floor`,
    );
  }
  return problems;
}

type Bucket = NonNullable<ResolvedEnvironment['spec']['backup']['bucket']>;

function samePlace(environment: ResolvedEnvironment, a: Bucket, b: Bucket | undefined): boolean {
  const placeOf = ({ endpoint, name, prefix }: Bucket) =>
    [endpoint, name, prefixOf(environment, prefix)].join(' ');
  return b !== undefined && placeOf(a) === placeOf(b);
}

import { LABELS } from '../../../operator/api/resolved.ts';
import { isReady, statusOf } from '../../status/pods.ts';
import { age, plural } from '../../terminal/words.ts';
import type { Facts } from '../facts.ts';
import { type Check, type Finding, fail, unknown, warn } from '../finding.ts';

/** Tiers that the guide wants, besides that of a person's own machine. */
const TIERS = ['development', 'staging', 'production'] as const;

const environments: Check = {
  id: 'environments',
  list: 'pre-launch',
  item: 'All environments configured (dev, staging, prod)',
  look({ environment, resolved, environments: all, seesEverywhere }) {
    const { tier, release } = resolved.spec;
    const findings: Finding[] = [];
    const missing = TIERS.filter((one) => !all.some(({ spec }) => spec.tier === one));
    if (missing.length > 0 && tier !== 'local' && seesEverywhere)
      findings.push(
        warn(
          `the cluster has no environment of tier ${missing.join(' or ')}`,
          'Apply one: examples/ has one a tier. When it is in another cluster, this is as it should be.',
        ),
      );
    if (release.config.NODE_ENV !== tier && !(tier === 'local' && release.config.NODE_ENV === 'development'))
      findings.push(
        fail(
          `NODE_ENV is ${release.config.NODE_ENV}, and the tier is ${tier}`,
          `Take NODE_ENV out of spec.release.config: the tier sets it.`,
        ),
      );
    if (release.config.FEED === 'simulator' && tier === 'production')
      findings.push(
        fail(
          'the prices are made up: FEED is simulator',
          'Take FEED out of spec.release.config, or set it to coingecko.',
        ),
      );
    const { conditions = [], observedGeneration } = environment.status ?? {};
    const stalled = conditions.find(({ type, status }) => type === 'Stalled' && status === 'True');
    if (stalled)
      findings.push(
        fail(`it is stalled: ${stalled.message}`, 'Do what the message says; nothing is changed until then.'),
      );
    const inEffect = conditions.find(
      ({ type, status }) => type === 'AllFieldsInEffect' && status === 'False',
    );
    if (inEffect)
      findings.push(
        warn(
          `fields without effect: ${inEffect.message}`,
          'Do what the message says, or leave the fields out.',
        ),
      );
    if (observedGeneration !== undefined && observedGeneration < environment.metadata.generation)
      findings.push(
        warn(
          'the operator has not looked at the newest spec yet',
          'Wait a moment, then look whether the operator runs.',
        ),
      );
    return findings;
  },
};

const pipeline: Check = {
  id: 'pipeline',
  list: 'pre-launch',
  item: 'CI/CD pipeline functional',
  look({ environment, resolved, now }) {
    const findings: Finding[] = [];
    const { spec } = resolved;
    const images = [
      ['release', spec.release.image],
      ['database', spec.database.image],
      ['pooler', spec.pooler.image],
      ['cache', spec.cache.image],
    ] as const;
    for (const [field, image] of images) {
      const name = image.split('/').at(-1) ?? image;
      if (image.includes('@sha256:')) continue;
      if (!name.includes(':') || name.endsWith(':latest'))
        findings.push(
          fail(
            `spec.${field}.image is ${image}, which is another image tomorrow`,
            'Name a version or a digest: a rollback has to find what it goes back to.',
          ),
        );
      else if (name.endsWith(':dev') && (spec.tier === 'production' || spec.tier === 'staging'))
        findings.push(
          warn(
            `spec.${field}.image is ${image}, the default of a developer's machine`,
            'Push the image to a registry and name it with its version.',
          ),
        );
    }
    const { rejected, undone, candidate } = environment.status ?? {};
    if (rejected)
      findings.push(
        warn(
          `the newest release was rolled back ${age(rejected.at, now)} ago: ${rejected.message}`,
          'Release a mended version, or let the spec name the release that serves: docs/runbooks/release-rolled-back.md.',
        ),
      );
    if (undone)
      findings.push(
        warn(
          `the spec asks for a release that was undone ${age(undone.at, now)} ago`,
          'Let the spec name the release that serves, so that nobody is surprised by the next change.',
        ),
      );
    if (candidate?.gate)
      findings.push(
        warn(`a release waits at its gate: ${candidate.gate.message}`, 'Do what the message says.'),
      );
    return findings;
  },
};

const health: Check = {
  id: 'health',
  list: 'pre-launch',
  item: 'Health check endpoints implemented',
  look({ parts, health: answer, environment }) {
    const findings: Finding[] = [];
    const pods = parts.pods.items.filter(({ metadata }) => metadata.labels?.[LABELS.component] === 'api');
    if (parts.pods.missing === 'forbidden')
      findings.push(unknown('pods may not be listed', 'Ask for the right to list pods in this namespace.'));
    const bare = pods.filter((pod) => {
      const { containers = [] } = (pod.spec ?? {}) as {
        containers?: { readinessProbe?: object; livenessProbe?: object }[];
      };
      return containers.some(({ readinessProbe, livenessProbe }) => !readinessProbe || !livenessProbe);
    });
    if (bare.length > 0)
      findings.push(
        fail(
          `${plural(bare.length, 'pod')} of the API without readiness or liveness probe`,
          'Somebody changed them by hand: kubectl cryptosense restart makes them anew.',
        ),
      );
    const away = pods.filter(
      (pod) =>
        !isReady(pod) && pod.metadata.deletionTimestamp === undefined && statusOf(pod).phase !== 'Succeeded',
    );
    if (away.length > 0)
      findings.push(
        fail(
          `${away.length} of ${plural(pods.length, 'pod')} of the API are not ready`,
          `kubectl cryptosense status ${environment.metadata.name} says why each is not.`,
        ),
      );
    if ('status' in answer && answer.status !== 200)
      findings.push(
        fail(`/health answers ${answer.status}`, 'Look at the log of the API: docs/runbooks/api-down.md.'),
      );
    if ('problem' in answer)
      findings.push(
        answer.isForbidden
          ? unknown(
              '/health was not asked: you may not reach Services through the API server',
              'Ask for the right to get services/proxy, or ask /health at the host name yourself.',
            )
          : // NetworkPolicies keep the API server away, and let the kubelet's probes through: ready pods answer all the same.
            unknown(
              `/health cannot be reached through the API server: ${answer.problem}`,
              'Ask it at the host name. A NetworkPolicy may keep the API server from the pods; ready pods answer their probes.',
            ),
      );
    return findings;
  },
};

export const LAUNCH: readonly Check[] = [environments, pipeline, health];

export function conditionOf({ environment }: Facts, type: string) {
  return environment.status?.conditions?.find((condition) => condition.type === type);
}

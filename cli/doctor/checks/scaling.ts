import { isReady, statusOf } from '../../status/pods.ts';
import { plural } from '../../terminal/words.ts';
import { type Check, type Finding, fail, warn } from '../finding.ts';

const scaling: Check = {
  id: 'scaling',
  list: 'pre-launch',
  item: 'Auto-scaling configured',
  look({ parts, resolved, cluster, groups }) {
    const { autoscaling, tier } = resolved.spec;
    const { minReplicas, maxReplicas } = autoscaling;
    const findings: Finding[] = [];
    if (tier === 'production' && minReplicas < 2)
      findings.push(
        fail(
          `production has as few as ${plural(minReplicas, 'pod')} of the API`,
          'Set spec.autoscaling.minReplicas to 2 or more: the guide never goes below 2.',
        ),
      );
    if (minReplicas === maxReplicas)
      findings.push(
        warn(
          `it cannot grow: minReplicas and maxReplicas are both ${maxReplicas}`,
          'Raise spec.autoscaling.maxReplicas.',
        ),
      );
    if (!groups.includes('metrics.k8s.io'))
      findings.push(fail('the cluster measures no CPU: the autoscaler is blind', 'Install metrics-server.'));
    const [autoscaler] = parts.autoscalers.items;
    if (autoscaler === undefined && parts.autoscalers.missing === undefined)
      findings.push(
        warn(
          'there is no autoscaler',
          'The operator makes it with the first release; kubectl cryptosense status says what it waits for.',
        ),
      );
    const { currentReplicas = 0 } = (autoscaler?.status ?? {}) as { currentReplicas?: number };
    if (currentReplicas >= maxReplicas && maxReplicas > minReplicas)
      findings.push(
        warn(
          `the autoscaler is at its maximum of ${plural(maxReplicas, 'pod')}`,
          'Raise spec.autoscaling.maxReplicas, or find out what the requests are.',
        ),
      );
    const ready = cluster.nodes.items.filter(isReady);
    if (cluster.nodes.missing === undefined && ready.length < cluster.nodes.items.length)
      findings.push(
        fail(
          `${cluster.nodes.items.length - ready.length} of ${plural(cluster.nodes.items.length, 'node')} are not ready`,
          'kubectl describe node says why.',
        ),
      );
    if (cluster.nodes.missing === undefined && tier === 'production' && ready.length < 2)
      findings.push(
        fail(
          'production runs on one node: when it goes, everything goes',
          'Add nodes, in more than one zone.',
        ),
      );
    if (cluster.budgets.missing === undefined && cluster.budgets.items.length === 0)
      findings.push(
        warn(
          'there is no PodDisruptionBudget: draining a node may take all pods at once',
          'The operator makes it; was it deleted by hand? kubectl cryptosense status.',
        ),
      );
    const pending = parts.pods.items.filter((pod) =>
      statusOf(pod).conditions?.some(({ type, status }) => type === 'PodScheduled' && status === 'False'),
    );
    if (pending.length > 0)
      findings.push(
        fail(
          `${plural(pending.length, 'pod')} find no node`,
          'Add nodes, or lower the resources; kubectl cryptosense status has the words of the scheduler.',
        ),
      );
    return findings;
  },
};

const costs: Check = {
  id: 'costs',
  list: 'post-launch',
  item: 'Review and optimize costs monthly',
  look({ resolved, environments, seesEverywhere, cluster }) {
    const findings: Finding[] = [];
    if (
      resolved.spec.tier === 'production' &&
      !resolved.spec.autoscaling.quietHours &&
      resolved.spec.autoscaling.minReplicas > 2
    )
      findings.push(
        warn(
          `${resolved.spec.autoscaling.minReplicas} pods run at night, too: there are no quiet hours`,
          'The guide scales down between 02:00 and 06:00 UTC: spec.autoscaling.quietHours.',
        ),
      );
    const known = new Set(environments.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
    const left = cluster.volumes.items.filter((volume) => {
      const { claimRef } = (volume.spec ?? {}) as { claimRef?: { namespace?: string; name?: string } };
      const { phase } = (volume.status ?? {}) as { phase?: string };
      const isOurs = /-(database|cache)-\d+$/.test(claimRef?.name ?? '');
      const environment = /^data-(.*)-(?:database|cache)-\d+$/.exec(claimRef?.name ?? '')?.[1];
      return isOurs && (phase === 'Released' || !known.has(`${claimRef?.namespace}/${environment}`));
    });
    if (left.length > 0 && seesEverywhere)
      findings.push(
        warn(
          `${plural(left.length, 'volume')} of environments that are gone: ${left
            .map(({ metadata }) => metadata.name)
            .slice(0, 3)
            .join(', ')}`,
          'They were kept on purpose: delete them when nobody needs their data any more (docs/deletion.md).',
        ),
      );
    return findings;
  },
};

export const SCALING: readonly Check[] = [scaling, costs];

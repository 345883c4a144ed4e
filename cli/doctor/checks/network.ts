import { type Check, type Finding, fail, warn } from '../finding.ts';

const network: Check = {
  id: 'network',
  list: 'pre-launch',
  item: 'Secrets stored securely (network)',
  look({ resolved, cluster, environment }) {
    const { policies, egress } = resolved.spec.network;
    if (!policies)
      return [
        resolved.spec.tier === 'production'
          ? fail(
              'any pod of the cluster may speak with the database: spec.network.policies is false',
              'Take it out of the resource: policies are on by default.',
            )
          : warn(
              'spec.network.policies is false: any pod of the cluster may speak with the database',
              'Take it out of the resource.',
            ),
      ];
    const findings: Finding[] = [];
    if (cluster.policies.missing === undefined && cluster.policies.items.length === 0)
      findings.push(
        fail(
          'there is no NetworkPolicy although spec.network.policies is true',
          `The operator makes them: kubectl cryptosense status ${environment.metadata.name}.`,
        ),
      );
    const open = egress.filter(({ cidr }) => cidr === '0.0.0.0/0' || cidr === '::/0');
    if (open.length > 0)
      findings.push(
        warn(
          'the API may reach the whole internet: spec.network.egress has 0.0.0.0/0',
          'Name the networks that it needs; port 443 is open anyway.',
        ),
      );
    return findings;
  },
};

export const NETWORK: readonly Check[] = [network];

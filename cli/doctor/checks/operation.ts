import { LABELS } from '../../../operator/api/resolved.ts';
import { isReady, restartsOf, statusOf } from '../../status/pods.ts';
import { plural } from '../../terminal/words.ts';
import type { Facts } from '../facts.ts';
import { type Check, type Finding, fail, unknown, warn } from '../finding.ts';
import { conditionOf } from './launch.ts';

/** Where the operator of a whole cluster lives; that of one namespace lives in it. */
const OPERATOR_HOME = 'cryptosense-system';
/** A lease that is older has no holder any more. */
const RENEWED_MS = 60_000;

/** A pod that was restarted more often is not well. */
const MANY_RESTARTS = 5;

/** Its lease is renewed every few seconds, wherever it runs; who may not see that sees whether it has a ready pod. */
function isOperatorAtWork({ cluster, environment, now }: Facts): boolean {
  if (cluster.leases.missing === 'forbidden') return cluster.operators.items.some(isReady);
  return cluster.leases.items.some(({ metadata, spec }) => {
    const { renewTime = '' } = (spec ?? {}) as { renewTime?: string };
    const isItsHome =
      metadata.namespace === OPERATOR_HOME || metadata.namespace === environment.metadata.namespace;
    return isItsHome && now - Date.parse(renewTime) < RENEWED_MS;
  });
}

const operator: Check = {
  id: 'operator',
  list: 'post-launch',
  item: 'Monitor dashboards daily',
  look(facts) {
    const { cluster, environment } = facts;
    const findings: Finding[] = [];
    const isForbidden = cluster.leases.missing === 'forbidden' && cluster.operators.missing === 'forbidden';
    if (isForbidden)
      findings.push(
        unknown(
          'whether the operator runs cannot be seen: neither its lease nor its pods may be listed',
          'Ask for the right to list leases or pods in its namespace.',
        ),
      );
    else if (!isOperatorAtWork(facts))
      findings.push(
        fail(
          'no operator works: what runs goes on, and nothing is changed or mended',
          'kubectl -n cryptosense-system describe deploy cryptosense-operator says why; dist/operator.yaml installs it.',
        ),
      );
    if (environment.spec.paused)
      findings.push(
        warn(
          'it is paused: nothing is changed or mended while spec.paused is true',
          'Set spec.paused to false when you are done.',
        ),
      );
    const outdated = conditionOf(facts, 'UpToDate');
    if (outdated?.status === 'False')
      findings.push(
        warn(outdated.message, 'Wait for the maintenance window, or ask for it at once as the message says.'),
      );
    if (environment.metadata.deletionTimestamp !== undefined)
      findings.push(fail('it is being deleted', 'docs/deletion.md says what stays.'));
    return findings;
  },
};

const logs: Check = {
  id: 'logs',
  list: 'post-launch',
  item: 'Review logs weekly',
  look({ parts, resolved, cluster, environment }) {
    const findings: Finding[] = [];
    const { LOG_LEVEL } = resolved.spec.release.config;
    if (resolved.spec.tier === 'production' && LOG_LEVEL === 'debug')
      findings.push(
        warn(
          'LOG_LEVEL is debug in production: much to store, and little to find',
          'Take LOG_LEVEL out of spec.release.config: the tier sets warn.',
        ),
      );
    for (const pod of parts.pods.items) {
      const killed = (statusOf(pod).containerStatuses ?? []).some(({ state, lastState }) =>
        [state, lastState].some((one) => one?.terminated?.reason === 'OOMKilled'),
      );
      const { metadata } = pod;
      const component = metadata.labels?.[LABELS.component] ?? 'pod';
      if (killed)
        findings.push(
          fail(
            `${metadata.name} ran out of memory`,
            `Raise spec.${component}.resources.memory; the predictor and the API: docs/runbooks/api-down.md.`,
          ),
        );
      else if (restartsOf(pod) >= MANY_RESTARTS)
        findings.push(
          warn(
            `${metadata.name} was restarted ${restartsOf(pod)} times`,
            `kubectl -n ${metadata.namespace} logs ${metadata.name} --previous says why.`,
          ),
        );
    }
    if (cluster.events.missing === 'forbidden')
      findings.push(
        unknown('Events may not be listed', 'Ask for the right to list events in this namespace.'),
      );
    const warnings = cluster.events.items.filter((event) => (event as { type?: string }).type === 'Warning');
    const reasons = [...new Set(warnings.map((event) => String((event as { reason?: string }).reason)))];
    if (warnings.length > 0)
      findings.push(
        warn(
          `${plural(warnings.length, 'warning')} in the last hour: ${reasons.slice(0, 5).join(', ')}`,
          `kubectl -n ${environment.metadata.namespace} get events --field-selector type=Warning --sort-by=.lastTimestamp`,
        ),
      );
    return findings;
  },
};

export const OPERATION: readonly Check[] = [operator, logs];

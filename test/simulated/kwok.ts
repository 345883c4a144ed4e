import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { moduleFolder } from '../../local/go.ts';
import type { Report } from '../../local/report.ts';

/** The stages that KWOK ships for quick pods, read where its Go module has them. */
const SHIPPED = [
  'node/fast/node-initialize.yaml',
  'node/heartbeat-with-lease/node-heartbeat-with-lease.yaml',
  'pod/fast/pod-ready.yaml',
  'pod/fast/pod-complete.yaml',
  'pod/fast/pod-delete.yaml',
];

const SETTINGS = `
apiVersion: config.kwok.x-k8s.io/v1alpha1
kind: KwokConfiguration
metadata:
  name: kwok
options:
  manageAllNodes: true
  cidr: 10.128.0.0/9
  nodeLeaseDurationSeconds: 200
  nodeLeaseParallelism: 4
  nodePlayStageParallelism: 4
  podPlayStageParallelism: 16
  podsOnNodeSyncParallelism: 4
  enablePodsOnNodeSyncStreamWatch: true
`;

/** No volume is made: a claim is called bound, with the size that it asks for, so that who looks at claims sees what he expects. */
const CLAIM_BOUND = `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata:
  name: claim-bound
spec:
  resourceRef:
    apiGroup: v1
    kind: PersistentVolumeClaim
  selector:
    matchExpressions:
      - key: '.metadata.deletionTimestamp'
        operator: DoesNotExist
      - key: '.status.phase'
        operator: In
        values: [Pending]
  next:
    statusTemplate: |
      phase: Bound
      accessModes: [ReadWriteOnce]
      capacity:
        storage: {{ .spec.resources.requests.storage | Quote }}
`;

/** Of pods of these components the end is left to somebody else: one more condition of the stage that completes pods of Jobs. */
function leaving(components: readonly string[], stage: string): string {
  const condition = [
    `    - key: '.metadata.labels["app.kubernetes.io/component"]'`,
    "      operator: 'NotIn'",
    `      values: ${JSON.stringify(components)}`,
    '  next:',
  ];
  return stage.replace('  next:', condition.join('\n'));
}

/**
 * KWOK's configuration: pods run and are ready at once, those of Jobs succeed but for those of the components `unfinished`,
 * claims are bound.
 */
export async function kwokConfiguration(report: Report, unfinished: readonly string[] = []): Promise<string> {
  const folder = join(await moduleFolder('kwok', 'sigs.k8s.io/kwok', report), 'kustomize', 'stage');
  const shipped = await Promise.all(
    SHIPPED.map(async (name) => {
      const stage = await readFile(join(folder, name), 'utf8');
      return unfinished.length > 0 && name.endsWith('pod-complete.yaml') ? leaving(unfinished, stage) : stage;
    }),
  );
  return [SETTINGS, ...shipped, CLAIM_BOUND].join('\n---\n');
}

import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { labels, names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { API_PORT } from './api.ts';
import { placementOf } from './placement.ts';
import { podSpec, scratch, selector } from './pod.ts';

/** Finished Jobs are there for so long, for who wants to read their log. */
const KEPT_SECONDS = 3600;

/** One try of a check. */
export interface Check {
  /** Names this try: of which metric of which run, and which time. */
  hash: string;
  /** What the Job belongs to, as the operator finds it again. */
  annotations: Record<string, string>;
  revision: string;
  stable: string;
  image: string;
  command?: readonly string[];
  args?: readonly string[];
  timeoutSeconds: number;
}

type Rollout = ResolvedEnvironment['spec']['rollout'];

/** What the analyses of a release run as Jobs. */
export function checksOf({ canary, blueGreen }: Rollout) {
  const analyses = [
    canary.analysis,
    ...canary.steps.map(({ analysis }) => analysis),
    blueGreen.prePromotionAnalysis,
    blueGreen.postPromotionAnalysis,
  ];
  return analyses.flatMap((analysis) => (analysis?.metrics ?? []).flatMap(({ job }) => job ?? []));
}

/** The Job by which an analysis runs a program of the user's: exit code 0 is pass. It is tried once and then judged. */
export class AnalysisJobChart extends Chart {
  constructor(scope: Construct, environment: ResolvedEnvironment, check: Check) {
    const { name, namespace } = environment;
    const labelled = labels(name, 'analysis');
    super(scope, 'analysis', { namespace, labels: labelled });
    const its = names(name);
    const api = `http://${its.revision(check.revision)}.${namespace}.svc:${API_PORT}`;
    const { revision, stable } = check;
    const known = {
      ENVIRONMENT: name,
      NAMESPACE: namespace,
      REVISION: revision,
      STABLE: stable,
      API_URL: api,
    };

    new k8s.KubeJob(this, 'job', {
      metadata: { name: its.analysis(check.hash), annotations: check.annotations },
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: check.timeoutSeconds,
        ttlSecondsAfterFinished: KEPT_SECONDS,
        template: {
          metadata: { labels: labelled },
          spec: podSpec({
            selector: selector(name, 'analysis'),
            container: {
              name: 'check',
              image: check.image,
              ...(check.command ? { command: [...check.command] } : {}),
              ...(check.args ? { args: [...check.args] } : {}),
              env: Object.entries(known).map(([key, value]) => ({ name: `CRYPTOSENSE_${key}`, value })),
              // The last words of a check are why it failed.
              terminationMessagePolicy: 'FallbackToLogsOnError',
            },
            resources: { cpu: '100m', memory: '256Mi' },
            mounts: [scratch('tmp', '/tmp', '64Mi')],
            placement: placementOf(environment),
            restartPolicy: 'Never',
            terminationGraceSeconds: 10,
          }),
        },
      },
    });
  }
}

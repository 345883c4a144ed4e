import type { KubeObject } from '../../../operator/kube/resources.ts';
import { type Check, type Finding, fail, unknown, warn } from '../finding.ts';

const volumes: Check = {
  id: 'volumes',
  list: 'post-launch',
  item: 'Scale infrastructure as user base grows',
  look({ parts, cluster, environment }) {
    const findings: Finding[] = [];
    for (const claim of parts.claims.items) {
      const { phase } = (claim.status ?? {}) as { phase?: string };
      if (phase !== 'Bound')
        findings.push(
          fail(
            `volume ${claim.metadata.name} is ${phase?.toLowerCase() ?? 'not bound'}`,
            `kubectl -n ${environment.metadata.namespace} describe pvc ${claim.metadata.name} says why.`,
          ),
        );
    }
    const classes = new Set(
      parts.claims.items.flatMap(
        (claim) => ((claim.spec ?? {}) as { storageClassName?: string }).storageClassName ?? [],
      ),
    );
    for (const name of classes) {
      const known = cluster.classes.items.find(({ metadata }) => metadata.name === name) as
        | (KubeObject & { allowVolumeExpansion?: boolean })
        | undefined;
      if (known && known.allowVolumeExpansion !== true)
        findings.push(
          warn(
            `volumes of StorageClass ${name} cannot grow`,
            `Set allowVolumeExpansion: true in it, if its driver can; otherwise make spec.database.storage large enough from the start.`,
          ),
        );
    }
    if (parts.claims.missing === 'forbidden')
      findings.push(
        unknown('volumes may not be listed', 'Ask for the right to list persistentvolumeclaims.'),
      );
    return findings;
  },
};

export const VOLUMES: readonly Check[] = [volumes];

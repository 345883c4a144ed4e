import type { Scope } from './rule.ts';

/** The share of a volume that is used. CSI drivers tell the kubelet, hostPath volumes do not. */
export function volumeUse({ claims }: Scope): string {
  const of = (metric: string) => `${metric}{${claims().join(', ')}}`;
  const share = `${of('kubelet_volume_stats_used_bytes')} / ${of('kubelet_volume_stats_capacity_bytes')}`;
  const name = 'data-(.+)-(?:database|cache)-[0-9]+';
  const labelled = `label_replace(${share}, "environment", "$1", "persistentvolumeclaim", "${name}")`;
  return `max by (namespace, environment, persistentvolumeclaim) (${labelled})`;
}

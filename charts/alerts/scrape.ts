import { LABELS } from '../../operator/api/resolved.ts';

/** What Kubernetes calls the label `name` of a pod in Prometheus's discovery. */
const podLabel = (name: string) => `__meta_kubernetes_pod_label_${name.replace(/[^a-zA-Z0-9_]/g, '_')}`;

const present = (label: string) => ({ source_labels: [label], regex: '.+', action: 'keep' });
const copy = (from: string, to: string) => ({ source_labels: [from], target_label: to });

/** The labels that the rules and dashboards go by; a ServiceMonitor gives the same. */
const COPIED: readonly [from: string, to: string][] = [
  ['__meta_kubernetes_namespace', 'namespace'],
  ['__meta_kubernetes_pod_name', 'pod'],
  [podLabel(LABELS.environment), 'environment'],
  [podLabel(LABELS.environment), 'cryptosense_io_environment'],
  [podLabel(LABELS.component), 'app_kubernetes_io_component'],
  [podLabel(LABELS.revision), 'cryptosense_io_revision'],
];

/**
 * How a Prometheus without the Prometheus operator finds everything: pods by their labels and the names of their ports, the
 * operator, and the kubelets for the volumes. `interval`, and `kubelets` for these, are durations of Prometheus.
 */
function scrapeConfigs(interval: string, kubelets: string): object[] {
  const scrape_interval = interval;
  return [
    {
      job_name: 'cryptosense',
      scrape_interval,
      kubernetes_sd_configs: [{ role: 'pod' }],
      relabel_configs: [
        present(podLabel(LABELS.environment)),
        {
          source_labels: ['__meta_kubernetes_pod_container_port_name'],
          regex: 'http|metrics',
          action: 'keep',
        },
        // A Job's pod that has ended is no target that is down.
        { source_labels: ['__meta_kubernetes_pod_phase'], regex: 'Succeeded|Failed', action: 'drop' },
        ...COPIED.map(([from, to]) => copy(from, to)),
      ],
    },
    {
      job_name: 'cryptosense-operator',
      scrape_interval,
      // It says of which environment its figures are: these labels are not to be taken for those of its pod.
      honor_labels: true,
      kubernetes_sd_configs: [{ role: 'pod' }],
      relabel_configs: [
        {
          source_labels: [podLabel('app.kubernetes.io/name'), '__meta_kubernetes_pod_container_port_name'],
          regex: 'cryptosense-operator;metrics',
          action: 'keep',
        },
        copy('__meta_kubernetes_pod_name', 'pod'),
      ],
    },
    {
      job_name: 'kubelet',
      scrape_interval: kubelets,
      scheme: 'https',
      tls_config: { insecure_skip_verify: true },
      authorization: { credentials_file: '/var/run/secrets/kubernetes.io/serviceaccount/token' },
      kubernetes_sd_configs: [{ role: 'node' }],
      metric_relabel_configs: [
        { source_labels: ['__name__'], regex: 'kubelet_volume_stats_.*', action: 'keep' },
      ],
    },
  ];
}

/** prometheus.yml: what is scraped, the rules beside it, and who is told. */
export function prometheusConfig(
  options: { interval?: string; kubelets?: string; alertmanager?: string } = {},
): object {
  const { interval = '30s', kubelets = interval, alertmanager } = options;
  return {
    global: { scrape_interval: interval, evaluation_interval: interval },
    rule_files: ['rules/*.yml'],
    ...(alertmanager === undefined
      ? {}
      : { alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] } }),
    scrape_configs: scrapeConfigs(interval, kubelets),
  };
}

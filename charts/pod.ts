import { k8s } from 'cdk8s-plus-28';
import type { Resources } from '../operator/api/effective-spec.ts';
import { type Component, LABELS, labels, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { nodeChoice, type Placement, topologySpread } from './placement.ts';
import { SETTINGS_HASH, settingsHash } from './template.ts';

/** Every image of the project runs as this user; volumes are given to its group. */
const USER = 1001;

/** Where a pod finds the secrets it needs, each in a file of its own that is replaced when the Secret changes. */
export const SECRETS_FOLDER = '/etc/cryptosense/secrets';

/** A volume and the place where the one container of the pod sees it. */
export interface Mount {
  path: string;
  volume: k8s.Volume;
  readOnly: boolean;
}

/** Files made of some keys of a Secret; the pod does not see the other keys. */
export function secretFiles(secretName: string, keys: string[]): Mount {
  const items = keys.map((key) => ({ key, path: key }));
  const volume = { name: 'secrets', secret: { secretName, items, defaultMode: 0o440 } };
  return { path: SECRETS_FOLDER, volume, readOnly: true };
}

/** Files made of all keys of a ConfigMap. */
export function settingsFiles(configMap: string, path: string): Mount {
  return {
    path,
    volume: { name: 'settings', configMap: { name: configMap, defaultMode: 0o440 } },
    readOnly: true,
  };
}

/** The pod's own annotations, renewed while it runs, as a file `annotations` in this folder. */
export function annotationsFile(path: string): Mount {
  const items = [{ path: 'annotations', fieldRef: { fieldPath: 'metadata.annotations' } }];
  return { path, volume: { name: 'pod', downwardApi: { items, defaultMode: 0o440 } }, readOnly: true };
}

/** A writable folder that lives as long as the pod: the root file system is read-only. */
export function scratch(name: string, path: string, sizeLimit: string, medium?: 'Memory'): Mount {
  const emptyDir = { sizeLimit: k8s.Quantity.fromString(sizeLimit), ...(medium ? { medium } : {}) };
  return { path, volume: { name, emptyDir }, readOnly: false };
}

export interface PodOptions {
  selector: Record<string, string>;
  container: Omit<k8s.Container, 'resources' | 'securityContext' | 'volumeMounts' | 'imagePullPolicy'>;
  resources: Resources;
  mounts: Mount[];
  /** The name of a claim template of the StatefulSet, and where it is mounted. */
  claim?: { name: string; path: string };
  terminationGraceSeconds: number;
  placement: Placement;
  /** Pods of the operator and of the database need their token; no other pod speaks to the API server. */
  serviceAccount?: { name: string; token: boolean };
  restartPolicy?: 'Never';
}

/** The spec of a pod with one container, as the Pod Security Standard "restricted" wants it. */
export function podSpec(options: PodOptions): k8s.PodSpec {
  const { container, resources, mounts, claim, placement, serviceAccount, restartPolicy } = options;
  const { scheduling, pullSecrets = [] } = placement;
  // What the API server would drop (readOnly: false, empty lists) is left out: it would look like a difference.
  const volumeMounts: k8s.VolumeMount[] = mounts.map(({ path, volume, readOnly }) => ({
    name: volume.name,
    mountPath: path,
    ...(readOnly ? { readOnly } : {}),
  }));
  if (claim) volumeMounts.push({ name: claim.name, mountPath: claim.path });
  return {
    automountServiceAccountToken: serviceAccount?.token ?? false,
    ...(serviceAccount ? { serviceAccountName: serviceAccount.name } : {}),
    ...(restartPolicy ? { restartPolicy } : {}),
    // Without it every Service of the namespace becomes environment variables, which could hide the configuration.
    enableServiceLinks: false,
    terminationGracePeriodSeconds: options.terminationGraceSeconds,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(restartPolicy === 'Never'
      ? {}
      : { topologySpreadConstraints: topologySpread(options.selector, scheduling?.spread) }),
    ...nodeChoice(scheduling),
    ...(pullSecrets.length > 0 ? { imagePullSecrets: pullSecrets.map((name) => ({ name })) } : {}),
    containers: [
      {
        ...container,
        // The images of a release never change under their name; development loads them onto the nodes.
        imagePullPolicy: 'IfNotPresent',
        resources: limits(resources),
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts,
      },
    ],
    volumes: mounts.map(({ volume }) => volume),
  };
}

/** CPU has no limit, as it would only throttle; memory has the same request and limit, so that no pod is a surprise. */
function limits({ cpu, memory }: Resources): k8s.ResourceRequirements {
  return {
    requests: { cpu: k8s.Quantity.fromString(cpu), memory: k8s.Quantity.fromString(memory) },
    limits: { memory: k8s.Quantity.fromString(memory) },
  };
}

/** A pod goes when the new one is ready in its place, so that one replica is enough for an update without a gap. */
export function newPodFirst(): k8s.DeploymentStrategy {
  return {
    type: 'RollingUpdate',
    rollingUpdate: {
      maxSurge: k8s.IntOrString.fromNumber(1),
      maxUnavailable: k8s.IntOrString.fromNumber(0),
    },
  };
}

/** One pod at a time may go; one that is not ready is no reason to keep a node. */
export function budget(matchLabels: Record<string, string>): k8s.PodDisruptionBudgetSpec {
  return {
    maxUnavailable: k8s.IntOrString.fromNumber(1),
    selector: { matchLabels },
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  };
}

/** Selects the pods of a component, or of one revision of it. Never changes: a selector is immutable. */
export function selector(
  environment: string,
  component: Component,
  revision?: string,
): Record<string, string> {
  return {
    [LABELS.environment]: environment,
    [LABELS.component]: component,
    ...(revision === undefined ? {} : { [LABELS.revision]: revision }),
  };
}

export function podMetadata(
  environment: ResolvedEnvironment,
  component: Component,
  settings: Record<string, string>,
): k8s.ObjectMeta {
  return {
    labels: labels(environment.name, component),
    annotations: { [SETTINGS_HASH]: settingsHash(settings) },
  };
}

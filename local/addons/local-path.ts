import {
  addonLabels,
  clusterRoleBinding,
  type Manifest,
  namespace,
  restrictedContainer,
  restrictedPod,
} from './manifest.ts';

const labels = addonLabels('local-path-provisioner');
const home = { namespace: 'local-path-storage', labels };

const account: Manifest = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'local-path', ...home },
};

const write = ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete'];
const read = ['get', 'list', 'watch'];

const clusterRole: Manifest = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name: 'cryptosense-local-path', labels },
  rules: [
    {
      apiGroups: [''],
      resources: ['nodes', 'persistentvolumeclaims', 'configmaps', 'pods', 'pods/log'],
      verbs: read,
    },
    { apiGroups: [''], resources: ['persistentvolumes'], verbs: write },
    { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
    { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: read },
  ],
};

/** Its helper pods run in its own namespace and nowhere else. */
const role: Manifest = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name: 'local-path', ...home },
  rules: [{ apiGroups: [''], resources: ['pods'], verbs: write }],
};

const roleBinding: Manifest = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'local-path', ...home },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role.metadata.name },
  subjects: [{ kind: 'ServiceAccount', name: account.metadata.name, namespace: home.namespace }],
};

/** The name that kind gives to its default class, so that manifests fit both. */
const storageClass: Manifest = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: {
    name: 'standard',
    labels,
    annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
  },
  provisioner: 'rancher.io/local-path',
  volumeBindingMode: 'WaitForFirstConsumer',
  reclaimPolicy: 'Delete',
};

function settings(helperImage: string): Manifest {
  const helper = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'helper-pod' },
    spec: {
      // It only makes or removes a folder; a pod that waits for its volume should not wait for a long stop too.
      terminationGracePeriodSeconds: 0,
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'helper-pod', image: helperImage, imagePullPolicy: 'IfNotPresent' }],
    },
  };
  const everywhere = { node: 'DEFAULT_PATH_FOR_NON_LISTED_NODES', paths: ['/var/local-path-provisioner'] };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'local-path-config', ...home },
    data: {
      'config.json': JSON.stringify({ nodePathMap: [everywhere] }),
      // Open to every uid: volumes on the host's own disk know no fsGroup.
      setup: '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
      teardown: '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
      'helperPod.yaml': JSON.stringify(helper),
    },
  };
}

function deployment(image: string): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'local-path-provisioner', ...home },
    spec: {
      replicas: 1,
      selector: { matchLabels: { 'app.kubernetes.io/name': 'local-path-provisioner' } },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: account.metadata.name,
          securityContext: restrictedPod(65532),
          containers: [
            {
              name: 'local-path-provisioner',
              image,
              imagePullPolicy: 'IfNotPresent',
              // The public image has no entry point.
              command: [
                'local-path-provisioner',
                'start',
                '--config=/etc/config/config.json',
                `--service-account-name=${account.metadata.name}`,
              ],
              env: [
                { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
                { name: 'CONFIG_MOUNT_PATH', value: '/etc/config/' },
              ],
              resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '128Mi' } },
              securityContext: restrictedContainer,
              volumeMounts: [{ name: 'config', mountPath: '/etc/config' }],
            },
          ],
          volumes: [{ name: 'config', configMap: { name: 'local-path-config' } }],
        },
      },
    },
  };
}

/** A default StorageClass whose volumes are folders of the node. */
export function localPath(image: string, helperImage: string): Manifest[] {
  return [
    // "privileged": the helper pods mount the node's own folders.
    namespace(home.namespace, 'privileged'),
    account,
    clusterRole,
    role,
    roleBinding,
    clusterRoleBinding('cryptosense-local-path', clusterRole.metadata.name, account),
    settings(helperImage),
    storageClass,
    deployment(image),
  ];
}

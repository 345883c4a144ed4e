import type { k8s } from 'cdk8s-plus-28';
import { names, type ResolvedEnvironment } from '../operator/api/resolved.ts';
import { pgbackrestSettings } from '../operator/backup/pgbackrest-settings.ts';
import { prefixOf } from '../operator/backup/repository.ts';

/** Where the first start of the database finds what it is made from. */
const FOLDER = '/etc/cryptosense/recovery';

/** Storage that is named nowhere has this region. */
const REGION = 'us-east-1';

/** A day of looks every two seconds: the database is not late while it is being restored. */
const LONGEST_START = 43_200;

/** The data of the ConfigMap that a recovery reads beside the Secrets; undefined for an environment that begins empty. */
export function recoverySettings({
  name,
  namespace,
  spec,
}: ResolvedEnvironment): Record<string, string> | undefined {
  if (!spec.recovery) return undefined;
  const { endpoint, region = REGION, name: bucketName, prefix: written, caSecret } = spec.recovery.bucket;
  const prefix = prefixOf({ name, namespace }, written);
  const bucket = { endpoint, region, name: bucketName };
  const hasOwnAuthority = caSecret !== undefined;
  return {
    'settings.json': `${JSON.stringify({ prefix, bucket }, undefined, 2)}\n`,
    'pgbackrest.conf': pgbackrestSettings({ bucket, prefix, hasOwnAuthority, folder: FOLDER }),
    // Which one it really is, the program finds out.
    stanza: name,
  };
}

/** The pod of the database with what its first start makes it from; any later start has no use for it. */
export function withRecovery(pod: k8s.PodSpec, { name, spec }: ResolvedEnvironment): k8s.PodSpec {
  const [database, ...others] = pod.containers;
  if (!spec.recovery || !database) return pod;
  const { bucket, encryptionSecret, target = {} } = spec.recovery;
  // Optional: what the database was once made from may be gone, and its pod has to start all the same.
  const secret = (secretName: string, ...keys: string[]) => ({
    secret: { name: secretName, items: keys.map((key) => ({ key, path: key })), optional: true },
  });
  const sources = [
    { configMap: { name: names(name).recovery } },
    secret(bucket.credentialsSecret, 'access-key-id', 'secret-access-key'),
    secret(encryptionSecret, 'passphrase'),
    ...(bucket.caSecret === undefined ? [] : [secret(bucket.caSecret, 'ca.crt')]),
  ];
  return {
    ...pod,
    containers: [
      {
        ...database,
        env: [
          ...(database.env ?? []),
          { name: 'RECOVERY_FOLDER', value: FOLDER },
          { name: 'RECOVERY_TARGET', value: JSON.stringify(target) },
        ],
        ...(database.startupProbe
          ? { startupProbe: { ...database.startupProbe, failureThreshold: LONGEST_START } }
          : {}),
        volumeMounts: [
          ...(database.volumeMounts ?? []),
          { name: 'recovery', mountPath: FOLDER, readOnly: true },
        ],
      },
      ...others,
    ],
    volumes: [...(pod.volumes ?? []), { name: 'recovery', projected: { sources, defaultMode: 0o440 } }],
  };
}

import * as assert from 'uvu/assert';
import { renderComponents, renderRestore } from '../../../charts/render.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Manifest } from '../../../operator/api/resolved.ts';
import { suite } from '../../harness/suite.ts';
import { resolved } from './environments.ts';

const test = suite('the charts of restores');

const BUCKET = {
  endpoint: 'https://s3.test:7070',
  name: 'backups',
  credentialsSecret: 'keys',
  caSecret: 'ca',
};
const recovery = {
  bucket: { ...BUCKET, prefix: 'default/lost' },
  encryptionSecret: 'passphrase',
  target: { time: '2026-01-31T11:55:00Z' },
};

interface Pod {
  containers: {
    args: string[];
    env: { name: string; value?: string }[];
    volumeMounts: { name: string; readOnly?: boolean }[];
    startupProbe: { failureThreshold: number; periodSeconds: number };
  }[];
  volumes: { name: string; projected?: { sources: { secret?: { name: string; optional?: boolean } }[] } }[];
}

function components(spec: Partial<EnvironmentSpec>): Manifest[] {
  return Object.values(renderComponents(resolved({ tier: 'production', ...spec }))).flat();
}

function podOf(manifests: Manifest[], kind: string, part: string): Pod {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name.includes(part));
  assert.ok(found, `no ${kind} ${part}`);
  return (found.spec as { template: { spec: Pod } }).template.spec;
}

test('the first start of a recovered database has a day, the backups, and Secrets that may be gone later', () => {
  const manifests = components({ recovery });
  const pod = podOf(manifests, 'StatefulSet', '-database');
  const [container] = pod.containers;
  const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
  assert.is(env.RECOVERY_FOLDER, '/etc/cryptosense/recovery');
  assert.equal(JSON.parse(env.RECOVERY_TARGET ?? ''), recovery.target);
  const { failureThreshold, periodSeconds } = container?.startupProbe ?? {
    failureThreshold: 0,
    periodSeconds: 0,
  };
  assert.is(failureThreshold * periodSeconds, 86_400);
  const sources = pod.volumes.find(({ name }) => name === 'recovery')?.projected?.sources ?? [];
  const secrets = sources.flatMap(({ secret }) => (secret ? [secret] : []));
  assert.equal(
    secrets.map(({ name, optional }) => `${name} ${optional}`),
    ['keys true', 'passphrase true', 'ca true'],
  );
  const settings = manifests.find(({ metadata }) => metadata.name.endsWith('-recovery'))?.data as Record<
    string,
    string
  >;
  assert.match(settings['pgbackrest.conf'] ?? '', /^repo1-path=\/default\/lost\/pgbackrest$/m);
  assert.match(
    settings['pgbackrest.conf'] ?? '',
    /^repo1-storage-ca-file=\/etc\/cryptosense\/recovery\/ca.crt$/m,
  );
  assert.is(JSON.parse(settings['settings.json'] ?? '').prefix, 'default/lost');
});

test('its database may speak to that bucket, and to nothing more than any other', () => {
  const portsOf = (spec: Partial<EnvironmentSpec>) => {
    const policy = components({ network: { policies: true }, ...spec }).find(
      ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name.endsWith('-network-database'),
    );
    const { egress = [] } = (policy?.spec ?? {}) as { egress?: { ports?: { port: number }[] }[] };
    return egress.flatMap(({ ports = [] }) => ports.map(({ port }) => port));
  };
  const usual = portsOf({});
  assert.equal(
    portsOf({ recovery }).filter((port) => !usual.includes(port)),
    [7070],
  );
});

test('without spec.recovery nothing of it is there', () => {
  assert.not(JSON.stringify(components({})).toLowerCase().includes('recovery'));
});

test('the Job of a drill has no token, the volume of the database, and the bucket as files', () => {
  const environment = resolved({
    tier: 'production',
    backup: { enabled: true, bucket: BUCKET, encryptionSecret: 'passphrase' },
    database: { storage: '40Gi', storageClassName: 'fast' },
  });
  const job = renderRestore(environment, {
    hash: 'abc',
    kind: 'drill',
    target: { name: "it's" },
    broken: ['A', 'B'],
  });
  const pod = podOf([job], 'Job', 'restore-abc') as Pod & { automountServiceAccountToken: boolean };
  assert.is(pod.automountServiceAccountToken, false);
  assert.equal(pod.containers[0]?.args.slice(-1), ['drill']);
  assert.match(JSON.stringify(pod.volumes), /"storage":"40Gi".*"storageClassName":"fast"/);
  const env = Object.fromEntries((pod.containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
  assert.equal(JSON.parse(env.RESTORE_TARGET ?? ''), { name: "it's" });
  assert.is(env.RESTORE_BROKEN, 'A B');
  assert.not(JSON.stringify(env).includes('passphrase'));
});

test('the Job of a restore in place has the volume of member 0 and is told who the database is; that which looks has neither', () => {
  const environment = resolved({
    tier: 'production',
    backup: { enabled: true, bucket: BUCKET, encryptionSecret: 'passphrase' },
  });
  const of = (kind: 'look' | 'inPlace') => {
    const job = renderRestore(environment, { hash: 'abc', kind, target: {}, broken: [], kept: 'A' });
    const pod = podOf([job], 'Job', kind === 'look' ? 'restore-abc-look' : 'restore-abc') as Pod;
    const env = Object.fromEntries((pod.containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
    return { env, volumes: JSON.stringify(pod.volumes), args: pod.containers[0]?.args.slice(-1) };
  };
  const inPlace = of('inPlace');
  assert.equal(inPlace.args, ['in-place']);
  assert.match(inPlace.volumes, /"claimName":"data-shop-database-0"/);
  assert.equal([inPlace.env.DATA_GENERATION, inPlace.env.RESTORE_KEPT], ['abc', 'A']);
  assert.equal(inPlace.env.PGDATA, '/var/lib/postgresql/data/pgdata');
  const look = of('look');
  assert.equal(look.args, ['look']);
  assert.not.match(look.volumes, /claimName|credentials/);
});

test('members and agents of restored data are told so by their template, and others of nothing', () => {
  const spec = {
    tier: 'production' as const,
    backup: { enabled: true, bucket: BUCKET, encryptionSecret: 'passphrase' },
  };
  const plain = resolved(spec);
  const text = (environment: typeof plain) => JSON.stringify(renderComponents(environment).database);
  assert.not.match(text(plain), /DATA_GENERATION|PGBACKREST_STANZA/);
  const { backup, database } = plain.spec;
  const restored = {
    ...plain,
    spec: { ...plain.spec, backup: { ...backup, stanza: 2 }, database: { ...database, restored: 'abc' } },
  };
  assert.match(text(restored), /"name":"DATA_GENERATION","value":"abc"/);
  assert.is(text(restored).match(/"PGBACKREST_STANZA","value":"shop-2"/g)?.length, 2);
});

test.run();

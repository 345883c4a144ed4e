import * as assert from 'uvu/assert';
import { amount } from '../../../charts/quantity.ts';
import { renderBackupJob } from '../../../charts/render.ts';
import { suite } from '../../harness/suite.ts';
import { everything, operatorManifests, resolved, TIERS, workloads } from './environments.ts';

const test = suite('pods');

const BACKED_UP = {
  enabled: true,
  bucket: { endpoint: 'https://s3.example.com', name: 'backups', credentialsSecret: 's3', caSecret: 'ca' },
  encryptionSecret: 'key',
};
const plain = [...TIERS.flatMap((tier) => everything(resolved({ tier }, tier))), ...operatorManifests()];
const backedUp = resolved({ backup: BACKED_UP }, 'backed-up');
const backupJob = renderBackupJob(backedUp, { job: 'one', name: 'now', type: 'full' });
const all = [...plain, ...everything(backedUp), backupJob];

test('every pod satisfies the Pod Security Standard "restricted"', () => {
  const volumeTypes = ['configMap', 'downwardAPI', 'emptyDir', 'ephemeral', 'projected', 'secret'];
  // Production has Sentinels besides.
  assert.is(workloads(plain).length, 4 * 7 + 1 + 1);
  // The CronJob, the Job of a backup and that of a drill.
  assert.is(workloads(all).length, workloads(plain).length + 7 + 3);
  for (const { name, spec } of workloads(all)) {
    const pod = spec.template.spec;
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) assert.is(pod[field], undefined, name);
    assert.is(pod.securityContext.runAsNonRoot, true, name);
    assert.is(pod.securityContext.runAsUser, 1001, name);
    assert.is(pod.securityContext.seccompProfile.type, 'RuntimeDefault', name);
    for (const volume of pod.volumes)
      assert.ok(
        Object.keys(volume).every((key) => key === 'name' || volumeTypes.includes(key)),
        name,
      );
    for (const { securityContext } of pod.containers) {
      assert.is(securityContext.allowPrivilegeEscalation, false, name);
      assert.is(securityContext.readOnlyRootFilesystem, true, name);
      assert.equal(securityContext.capabilities, { drop: ['ALL'] }, name);
    }
  }
});

test('only the operator, the members of a database and what takes backups get a token of the API server', () => {
  const withToken = workloads(all).filter(
    ({ spec }) => spec.template.spec.automountServiceAccountToken !== false,
  );
  assert.equal(
    withToken.map(({ name }) => name),
    [
      ...TIERS.map((tier) => `${tier}-database`),
      'cryptosense-operator',
      ...['backed-up-database', 'backed-up-backup', 'one'],
    ],
  );
});

test('every container asks for CPU and memory, and its memory is limited to what it asks for', () => {
  for (const { name, spec } of workloads(all)) {
    for (const { resources } of spec.template.spec.containers) {
      assert.ok(amount(resources.requests.cpu) > 0, name);
      assert.is(resources.limits.memory, resources.requests.memory, name);
      assert.is(resources.limits.cpu, undefined, name);
    }
  }
});

test('the local tier asks for at most 700m CPU: every component, a candidate at full size, its migration', () => {
  const environment = resolved({ tier: 'local', predictor: { enabled: true } });
  const { maxReplicas } = environment.spec.autoscaling;
  const milli = workloads(everything(environment)).map(({ name, spec }) => {
    // The pods of a release are the operator's to count: as many of the stable one as of the candidate, at most. Of
    // the predictor a new pod comes before the old one goes.
    const pods = name.startsWith('shop-api-')
      ? 2 * maxReplicas
      : (spec.replicas ?? 1) + (name === 'shop-predictor' ? 1 : 0);
    const cores = spec.template.spec.containers.map(({ resources }) => amount(resources.requests.cpu));
    return Math.round(1000 * pods * cores.reduce((sum, one) => sum + one, 0));
  });
  const total = milli.reduce((sum, one) => sum + one, 0);
  assert.ok(total > 2 * maxReplicas * 50 && total <= 700, `${total}m`);
});

test('no manifest holds a secret, a password or a login', () => {
  assert.not(all.some(({ kind }) => kind === 'Secret'));
  assert.not.match(JSON.stringify(all), /:\/\/[^/"\s]*@/);
  for (const { name, spec } of workloads(all)) {
    for (const { env = [] } of spec.template.spec.containers) {
      const suspicious = env.filter(
        ({ name: key }) => /PASSWORD|URL|TOKEN|KEY/.test(key) && key !== 'PREDICTOR_URL',
      );
      for (const { name: key, value } of suspicious) {
        assert.match(key, /_FILE$/, name);
        assert.match(value ?? '', /^\/etc\/cryptosense\/secrets\//, name);
      }
    }
  }
});

test('a pod sees only the keys of Secrets that it needs, and the key of the authority only a member of the database', () => {
  const keys = Object.fromEntries(
    workloads(everything(resolved())).flatMap(({ manifest, spec }) => {
      const secrets = spec.template.spec.volumes.flatMap((volume) => volume.secret ?? []) as {
        items: { key: string }[];
        defaultMode: number;
      }[];
      if (secrets.length === 0) return [];
      for (const { defaultMode } of secrets) assert.is(defaultMode, 0o440);
      const seen = secrets.flatMap(({ items }) => items.map(({ key }) => key));
      return [[manifest.metadata.labels?.['app.kubernetes.io/component'], seen]];
    }),
  );
  assert.equal(keys, {
    database: ['POSTGRES_PASSWORD', 'APP_PASSWORD', 'LOGINS', 'ca.crt', 'ca.key'],
    pooler: ['userlist.txt', 'ca.crt'],
    cache: ['redis-auth.conf'],
    api: ['DATABASE_URL', 'REDIS_URL'],
    migration: ['MIGRATION_DATABASE_URL', 'ca.crt'],
    predictor: ['DATABASE_URL'],
  });
});

test.run();

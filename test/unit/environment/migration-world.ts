import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Migrations } from './migration-jobs.ts';
import { QUICK, World } from './world.ts';

export const FIRST: Migrations = { expand: ['0001-accounts'] };
export const SECOND: Migrations = { expand: ['0001-accounts', '0002-email'], contract: ['0003-drop-mail'] };
export const ONE_WAY: Migrations = {
  expand: ['0001-accounts', '0002-convert'],
  irreversible: ['0002-convert'],
};

const backup: EnvironmentSpec['backup'] = {
  enabled: true,
  bucket: { endpoint: 'https://s3.example.com', name: 'backups', credentialsSecret: 's3' },
  encryptionSecret: 'key',
};

/** An environment whose first release, api:1, serves. */
export async function serving(
  migration: EnvironmentSpec['release']['migration'] = { gate: 'verified' },
  more: Partial<EnvironmentSpec> = {},
): Promise<World> {
  const world = new World();
  world.cluster.releases.set('api:1', { migrations: FIRST });
  world.create({
    ...QUICK,
    backup,
    ...more,
    release: { image: 'api:1', migration },
    rollout: { ...QUICK.rollout, rollbackWindow: '1m', ...more.rollout },
  });
  await world.rest();
  assert.is(world.status.stable?.image, 'api:1', world.status.summary);
  assert.equal(world.failures, []);
  return world;
}

export const jobs = ({ server }: World) =>
  server.list('Job').map(({ metadata }) => metadata.name.replace(/-[^-]+$/, ''));
export const schema = (world: World) => world.condition('SchemaReady');
export const reasons = ({ events }: World) => events.map(({ reason }) => reason);
/** Pods and requests of the release with this image. */
export const podsOf = ({ server }: World, image: string) =>
  server.list('Deployment').filter(({ spec }) => JSON.stringify(spec).includes(`"${image}"`)).length;
export const target = ({ number, revision }: { number: number; revision: string }) => `${number}-${revision}`;
export const revisionOf = ({ server }: World, image: string) =>
  server
    .list('ControllerRevision')
    .find(({ data }) => (data as { inputs?: { image: string } }).inputs?.image === image);
export const annotate = (world: World, key: string, value: string) =>
  world.server.edit('CryptoSenseEnvironment', 'shop', ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [`cryptosense.io/${key}`]: value };
  });

import * as assert from 'uvu/assert';
import { withPrimary } from '../../../operator/environment/database-members.ts';
import type { Workload } from '../../../operator/environment/snapshot.ts';
import { suite } from '../../harness/suite.ts';
import { eventually } from '../processes.ts';
import { type Runbook, runbook } from '../runbook.ts';
import { docker } from './docker.ts';
import { DatabaseGroup } from './group.ts';

/** The runbook of a database without a primary, carried out on real members: a container stands for each pod. */
const test = suite('A database that has no primary');
const group = new DatabaseGroup({ members: 3 });

test.before(async () => {
  await group.start();
  await group.ask(await group.healthy(), 'create table kept (n int); insert into kept values (1)');
});
test.after(() => group.end());

function page(): Runbook {
  const containers = Object.fromEntries(group.names.map((name) => [name, group.container(name)]));
  const { kubeconfig } = group.server;
  return runbook('database-no-primary', { NS: 'market', ENV: 'shop' }, { kubeconfig, containers });
}

interface Roles {
  /** Confirms nothing before the other one has it, too. */
  primary: string;
  /** The one that may take over. */
  standby: string;
  other: string;
}

async function roles(): Promise<Roles> {
  const primary = await group.healthy();
  const sync = "select application_name from pg_stat_replication where sync_state in ('sync', 'quorum')";
  const [row] = await group.ask(primary, sync);
  const standby = String(row?.application_name);
  return { primary, standby, other: group.names.find((name) => name !== primary && name !== standby) ?? '' };
}

/** What the operator says in the condition DatabaseReady, of the members as it sees them. */
async function message(): Promise<string> {
  return withPrimary({ ready: true, message: '' } as Workload, await group.members()).message;
}

/** The one that is left says so in its log, and has had long enough to take over if it wanted to. */
async function hasNoPrimary(left: string): Promise<void> {
  const refused = 'following a different leader because i am not the healthiest node';
  await eventually(
    `${left} does not take over`,
    async () => (await docker('logs', '--tail', '60', group.container(left))).includes(refused),
    60_000,
  );
  await eventually(
    'the operator says so',
    async () => (await message()).includes('No member is primary'),
    30_000,
  );
}

test('the primary and the one that may take over are away: nobody does, until the pod of either is back', async () => {
  const { primary, standby, other } = await roles();
  await Promise.all([primary, standby].map((name) => docker('kill', group.container(name))));
  await hasNoPrimary(other);
  const seen = await page().mend('get endpoints', { '$ENV-database-0': other });
  assert.match(seen, new RegExp(`sync_standby.*${standby}`));
  assert.match(seen, /not the healthiest node/);

  await docker('start', group.container(standby));
  await eventually('it is primary', () => group.probe(standby, '/primary'), 60_000);
  await docker('start', group.container(primary));
  assert.is(await group.healthy(), standby);
  for (const name of group.names) assert.equal([...(await group.ask(name, 'table kept'))], [{ n: 1 }], name);
});

test('their volumes are lost for good: a person decides, and the others copy what is left', async () => {
  const { primary, standby, other } = await roles();
  for (const name of [primary, standby]) {
    await docker('kill', group.container(name));
    await group.deleteMember(name, 0);
    await docker('volume', 'rm', group.container(name));
  }
  await hasNoPrimary(other);
  const said = await page().mend('/failover', { '$ENV-database-2': other });
  assert.match(said, /^200 Successfully failed over/m);
  await eventually('it is primary', () => group.probe(other, '/primary'), 60_000);
  await Promise.all([primary, standby].map((name) => group.startMember(name)));
  assert.is(await group.healthy(), other);
  for (const name of group.names) assert.equal([...(await group.ask(name, 'table kept'))], [{ n: 1 }], name);
});

test.run();

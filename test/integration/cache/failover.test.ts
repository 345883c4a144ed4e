import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { sideBySide } from '../../harness/side-by-side.ts';
import { suite } from '../../harness/suite.ts';
import { eventually } from '../processes.ts';
import { CacheGroup, GROUP_PASSWORD } from './group.ts';

const test = suite('a Redis group');

const [first, second] = ['shop-cache-0.shop-cache-members', 'shop-cache-1.shop-cache-members'];
const VALUE = 'SET session:1 alice';

/** One primary, a replica in step, and all Sentinels of one mind. */
async function well(group: CacheGroup, primary?: string): Promise<string> {
  let leader = '';
  await eventually(`the group serves${primary ? ` from ${primary}` : ''}`, async () => {
    const [found, ...others] = await group.primaries();
    leader = found ?? '';
    return (
      leader !== '' &&
      others.length === 0 &&
      (primary === undefined || leader === primary) &&
      (await group.following(leader)) === group.members.length - 1 &&
      (await group.watched()).every((host) => host === leader) &&
      (await group.informed())
    );
  });
  return leader;
}

/** Runs `check` on a group that has one value in both of its members. */
async function withGroup(check: (group: CacheGroup) => Promise<void>): Promise<void> {
  const group = new CacheGroup();
  try {
    await group.start();
    await well(group, first);
    assert.equal(await group.redis(first, VALUE, 'WAIT 1 2000'), ['OK', '1']);
    await check(group);
  } catch (error) {
    for (const host of [...group.members, ...group.sentinels]) {
      console.log(`${host}:\n${await group.logs(host).catch((missing) => missing.message)}`);
    }
    throw error;
  } finally {
    await group.end();
  }
}

const kept = async (group: CacheGroup, host: string) =>
  assert.equal(await group.redis(host, 'GET session:1'), ['alice']);

/** Nothing runs any more, and the first member's volume is empty. */
async function loseAllAndAVolume(group: CacheGroup): Promise<void> {
  await Promise.all([...group.members, ...group.sentinels].map((host) => group.remove(host, 0)));
  await group.loseVolume(first);
}

const lost = {
  'kill -9 of the primary promotes the replica, and the old primary comes back as its replica': () =>
    withGroup(async (group) => {
      const killed = performance.now();
      await group.kill(first);
      await eventually('the replica is primary', async () => (await group.primaries()).includes(second));
      console.log(
        `\nnote: primary again ${((performance.now() - killed) / 1000).toFixed(1)} s after kill -9`,
      );
      await kept(group, second);
      await group.redis(second, 'SET session:2 bob');
      await group.restart(first);
      await well(group, second);
      assert.equal(await group.redis(first, 'GET session:1', 'GET session:2'), ['alice', 'bob']);
    }),

  'all pods new at once: the data is there, and the newer volume wins': () =>
    withGroup(async (group) => {
      await group.kill(first);
      await eventually('the replica is primary', async () => (await group.primaries()).includes(second));
      await group.redis(second, 'SET session:2 bob');
      // Nobody is left who knows that the first one is out of date.
      await Promise.all([...group.members, ...group.sentinels].map((host) => group.remove(host, 2)));
      await group.startAll();
      await well(group, second);
      assert.equal(await group.redis(first, 'GET session:1', 'GET session:2'), ['alice', 'bob']);
    }),

  'Sentinels that all lost what they knew agree on the primary again': () =>
    withGroup(async (group) => {
      await group.kill(first);
      await eventually('the replica is primary', async () => (await group.primaries()).includes(second));
      await group.restart(first);
      await well(group, second);
      await Promise.all(group.sentinels.map((host) => group.remove(host, 0)));
      await Promise.all(group.sentinels.map((host) => group.startOne(host)));
      await well(group, second);
      await group.kill(second);
      await eventually('they still fail over', async () => (await group.primaries()).includes(first));
    }),
};

const empty = {
  'all pods new at once, the first with an empty volume: the data of the other one wins': () =>
    withGroup(async (group) => {
      await loseAllAndAVolume(group);
      await group.startAll();
      await well(group, second);
      await kept(group, first);
    }),

  'an empty member that is alone waits for the one that may have the data': () =>
    withGroup(async (group) => {
      await loseAllAndAVolume(group);
      await Promise.all([first, ...group.sentinels].map((host) => group.startOne(host)));
      await eventually(
        'it says why it waits',
        async () => (await group.logs(first)).includes('waits without'),
        90_000,
      );
      assert.equal(await group.primaries(), []);
      await group.startOne(second);
      await well(group, second);
      await kept(group, first);
    }),

  'a member with a wrong password never joins, and the others go on': () =>
    withGroup(async (group) => {
      await group.remove(second);
      await group.startOne(second, 'another-password');
      await eventually('it was refused', async () =>
        (await group.logs(second)).includes('refuses the password'),
      );
      assert.equal(await group.primaries(), [first]);
      assert.is(await group.following(first), 0);
      await kept(group, first);
    }),

  'the password is in no process list, environment or log': () =>
    withGroup(async (group) => {
      const exposed = await group.exposed();
      assert.ok(exposed.includes('redis-server'));
      assert.not.ok(exposed.includes(GROUP_PASSWORD));
    }),
};

const stopped = {
  'a primary that is stopped hands over first, and the new one is there before it is gone': () =>
    withGroup(async (group) => {
      // They look at a replica every 10 s.
      await eventually('every Sentinel knows that the replica is fit', async () => {
        const asks = group.sentinels.map((host) => group.redis(host, 'SENTINEL REPLICAS cache'));
        return (await Promise.all(asks)).every(
          (lines) => lines[lines.indexOf('slave-priority') + 1] === '100',
        );
      });
      const asked = performance.now();
      const stopped = group.remove(first);
      await eventually(
        'the replica is primary',
        async () => (await group.primaries()).includes(second),
        10_000,
      );
      console.log(`\nnote: primary again ${((performance.now() - asked) / 1000).toFixed(1)} s after SIGTERM`);
      await stopped;
      await kept(group, second);
      await group.startOne(first);
      await well(group, second);
    }),

  'a primary that comes back with an empty volume takes its data from the replica': () =>
    withGroup(async (group) => {
      // At once, before the Sentinels have missed it: to them it is still the primary.
      await group.kill(first);
      await group.remove(first);
      await group.loseVolume(first);
      await group.startOne(first);
      await well(group, second);
      await kept(group, first);
      await kept(group, second);
    }),

  "with the runbook's command a person makes a member primary that would wait for ever": () =>
    withGroup(async (group) => {
      const runbook = new URL('../../../docs/runbooks/cache-no-primary.md', import.meta.url);
      const [, command = ''] =
        /exec \$ENV-cache-0 -c cache -- sh -c '(.*)'/.exec(readFileSync(runbook, 'utf8')) ?? [];
      await loseAllAndAVolume(group);
      await Promise.all([first, ...group.sentinels].map((host) => group.startOne(host)));
      await eventually('it has no role', async () => (await group.redis(first, 'ROLE'))[0] === 'slave');
      assert.match(await group.shell(first, command), /^OK\nOK\nmaster\n/);
      await eventually('the Sentinels watch it', async () =>
        (await group.watched()).every((host) => host === first),
      );
      assert.equal(await group.redis(first, 'SET session:2 bob'), ['OK']);
      await group.startOne(second);
      await well(group, first);
      assert.equal(await group.redis(second, 'GET session:1', 'GET session:2'), ['', 'bob']);
    }),
};

// Each waits most of the time for what its Sentinels find out.
sideBySide(test, lost, empty, stopped);

test.run();

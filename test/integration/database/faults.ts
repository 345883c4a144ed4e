import { SWITCHOVER } from '../../../operator/database/members.ts';
import { eventually } from '../processes.ts';
import { docker } from './docker.ts';
import type { DatabaseGroup } from './group.ts';

export interface Fault {
  /** Does it to the primary, and returns what ends it. */
  begin(group: DatabaseGroup, primary: string): Promise<() => Promise<void>>;
  /** The longest time without a confirmed write that is right, on a machine that has much else to do. */
  gapMs: number;
  /** Whether `begin` returns only when it is over. */
  healsItself?: true;
  /** Whether the primary is another one afterwards only by chance. */
  isAlwaysTheSame?: true;
}

const NOTHING = async () => {};
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Nothing of the database ends; nobody can take over meanwhile. */
export function apiServerAway(ms: number): Fault {
  return {
    gapMs: 1_500,
    healsItself: true,
    isAlwaysTheSame: true,
    begin: async ({ server }) => {
      await server.kill();
      await wait(ms);
      await server.restart();
      return NOTHING;
    },
  };
}

/** As `kubectl delete --grace-period=0 --force`: a new pod with another address and the same volume is made at once. */
export const POD_DELETED: Fault = {
  gapMs: 10_000,
  begin: async (group, primary) => {
    await group.deleteMember(primary, 0);
    await group.startMember(primary);
    return NOTHING;
  },
};

/** What can happen to a primary, by name. */
export const FAULTS: Record<string, Fault> = {
  'kill -9 of PostgreSQL': {
    gapMs: 4_000,
    begin: async (group, primary) => {
      await group.signal(primary, 'KILL', '$(head -n 1 $PGDATA/postmaster.pid)');
      return NOTHING;
    },
  },
  'kill -9 of the member': {
    gapMs: 8_000,
    begin: async (group, primary) => {
      await docker('kill', '--signal', 'KILL', group.container(primary));
      // As the kubelet does, which waits only when it happens again soon.
      await wait(1_000);
      await docker('start', group.container(primary));
      return NOTHING;
    },
  },
  // The lease of 15 s has to end first; on a machine with much else to do 22.7 s were seen, 16 to 17 s otherwise.
  'SIGSTOP of the primary': {
    gapMs: 30_000,
    begin: async (group, primary) => {
      await group.signal(primary, 'STOP');
      return async () => {
        await group.signal(primary, 'CONT');
      };
    },
  },
  'loss of the network': {
    gapMs: 30_000,
    begin: (group, primary) => group.loseNetwork(primary),
  },
  'an API server that is away for 40 s': apiServerAway(40_000),
  'a switchover': {
    // About one on a machine that has little else to do; 3.1 s with a Patroni as Debian has it.
    gapMs: 3_000,
    healsItself: true,
    begin: async (group, primary) => {
      const { timeline } = (await group.members()).find(({ name }) => name === primary) ?? {};
      await group.annotate(primary, { [SWITCHOVER]: `${timeline}-` });
      await eventually('another member is primary', async () => (await group.primary()) !== primary);
      return NOTHING;
    },
  },
};

import { FAULTS, type Fault } from '../../integration/database/faults.ts';
import { DatabaseGroup } from '../../integration/database/group.ts';
import { survive } from '../../integration/database/survive.ts';
import { CountingWriter } from '../../integration/database/writer.ts';
import { type Figure, figure } from '../figure.ts';
import { percentile } from '../statistics.ts';

const KILLS = ['kill -9 of PostgreSQL', 'kill -9 of the member'];
const SWITCHOVER = 'a switchover';

/** Here every gap is a figure, and none is too long. */
const ANY_GAP_MS = 600_000;

interface Conditions {
  readonly failovers: number;
  readonly switchovers: number;
  readonly report: (line: string) => void;
}

/**
 * The longest time without a confirmed write of a client that writes through PgBouncer, once for each fault: kills of the
 * process and of the container in turns, then switchovers. Throws when a confirmed row is lost.
 */
export async function measureGaps({ failovers, switchovers, report }: Conditions): Promise<Figure[]> {
  const group = new DatabaseGroup({ members: 3, durability: 'strict' });
  let writer: CountingWriter | undefined;
  try {
    report('starting three members, PgBouncer and a client that writes');
    await group.start();
    await group.healthy();
    const counting = await CountingWriter.start(await group.login());
    writer = counting;
    const seconds = async (name: string) => {
      const fault: Fault = { ...(FAULTS[name] as Fault), gapMs: ANY_GAP_MS };
      return (await survive(group, counting, name, fault, (line) => report(line.trim()))) / 1_000;
    };
    const killed: number[] = [];
    for (let i = 0; i < failovers; i++) killed.push(await seconds(KILLS[i % KILLS.length] ?? ''));
    const switched: number[] = [];
    for (let i = 0; i < switchovers; i++) switched.push(await seconds(SWITCHOVER));
    return [
      gap('failover_gap_p95_seconds', percentile(killed, 95)),
      gap('failover_gap_p50_seconds', percentile(killed, 50)),
      gap('switchover_gap_seconds', percentile(switched, 95)),
    ];
  } finally {
    await writer?.stop();
    await group.end();
  }
}

function gap(metric: string, ours: number): Figure {
  return figure('data', metric, 's', { ours, peer: undefined, peerName: '' });
}

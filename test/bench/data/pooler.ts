import postgres from 'postgres';
import { Containers, databaseUrl } from '../../integration/containers.ts';
import { type Figure, figure } from '../figure.ts';
import { median } from '../statistics.ts';

const BATCH = 100;
const WARM_UP = 500;
const PEER = 'the same query to PostgreSQL itself';

interface Conditions {
  /** Of each way. */
  readonly queries: number;
  readonly report: (line: string) => void;
}

/** What PgBouncer adds to a query that costs nothing: one client, one query after the other, both ways in turns. */
export async function measurePooler({ queries, report }: Conditions): Promise<Figure[]> {
  const containers = new Containers();
  const open: postgres.Sql[] = [];
  try {
    report('starting PostgreSQL and PgBouncer');
    const direct = connection(databaseUrl(await containers.startDatabase()));
    const pooled = connection(databaseUrl(await containers.startPooler()));
    open.push(direct, pooled);
    for (const sql of open) await timed(sql, WARM_UP);
    const times = { direct: [] as number[], pooled: [] as number[] };
    for (let done = 0; done < queries; done += BATCH) {
      times.direct.push(...(await timed(direct, BATCH)));
      times.pooled.push(...(await timed(pooled, BATCH)));
    }
    const [ours, peer] = [median(times.pooled), median(times.direct)];
    report(`a query through PgBouncer ${ours.toFixed(3)} ms, without it ${peer.toFixed(3)} ms`);
    return [
      figure('data', 'pgbouncer_query_ms', 'ms', { ours, peer, peerName: PEER }),
      figure('data', 'pgbouncer_overhead_ms', 'ms', { ours: ours - peer, peer: undefined, peerName: '' }),
    ];
  } finally {
    await Promise.all(open.map((sql) => sql.end({ timeout: 1 })));
    await containers.stop();
  }
}

function connection(url: string): postgres.Sql {
  return postgres(url, { max: 1, prepare: false, fetch_types: false, onnotice: () => {} });
}

/** Milliseconds of each of so many queries. */
async function timed(sql: postgres.Sql, queries: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < queries; i++) {
    const from = performance.now();
    await sql.unsafe('select 1');
    times.push(performance.now() - from);
  }
  return times;
}

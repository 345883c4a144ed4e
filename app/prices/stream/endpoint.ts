import { z } from 'zod';
import { type Endpoint, endpoint, reply, Verbatim } from '../../http/endpoint.ts';
import { Problem } from '../../http/problem.ts';
import type { PriceStore } from '../price-store.ts';
import { symbolsOf, symbolsParameter } from '../symbols.ts';
import type { Hub } from './hub.ts';
import { eventOf, momentsOf } from './moment.ts';

/** How far back a client that comes back is told what it missed; what lies further back is in the history. */
const REPLAY_MS = 10 * 60_000;
const MOST_REPLAYED = 2_000;
const RETRY_MS = 2_000;
const EVENT_ID = /^\d{1,15}$/;

/** `/prices/stream`: prices as they come, as server-sent events. */
export function streamEndpoint(options: { hub: Hub; store: PriceStore }): Endpoint {
  const { hub, store } = options;
  return endpoint({
    method: 'get',
    path: '/prices/stream',
    operationId: 'streamPrices',
    summary: 'Prices as they come, as server-sent events',
    description:
      'An event `prices` for each moment: `{"timestamp": ..., "prices": [...]}`. Its id is the moment; a client that comes back with ' +
      'it in `Last-Event-ID` is told what it missed in the last ten minutes. Comments keep the connection open. ' +
      'Who does not read is dropped.',
    tag: 'Prices',
    access: 'public',
    query: z.strictObject({ symbols: symbolsParameter.optional() }),
    answers: { 200: { description: 'Events', contentType: 'text/event-stream' } },
    problems: [404, 503],
    streams: true,
    handle: async ({ query, ctx }) => {
      const symbols = query.symbols === undefined ? undefined : new Set(symbolsOf(query.symbols));
      const missed = await missedSince(ctx.get('Last-Event-ID'), symbols);
      if (ctx.method === 'HEAD') return reply(200, new Verbatim(''));
      return reply(
        200,
        new Verbatim((response) => {
          response.write(`retry: ${RETRY_MS}\n\n${missed.events}`);
          hub.join(response, { ...(symbols ? { symbols } : {}), after: missed.until });
        }),
        { 'X-Accel-Buffering': 'no' },
      );
    },
  });

  async function missedSince(
    lastEventId: string,
    symbols: ReadonlySet<string> | undefined,
  ): Promise<{ events: string; until: number }> {
    if (hub.isFull) {
      const detail = 'There are as many streams as this server can keep; please try again in a few seconds.';
      throw new Problem({ status: 503, kind: 'too-many-streams', detail, retryAfterS: 5 });
    }
    if (!EVENT_ID.test(lastEventId)) return { events: '', until: 0 };
    const from = Math.max(Number(lastEventId), Date.now() - REPLAY_MS);
    // A database that is away costs the past and not the stream.
    const rows = await store.since(new Date(from), MOST_REPLAYED).catch(() => []);
    const moments = momentsOf(rows);
    const events = moments.map((moment) => eventOf(moment, symbols) ?? '').join('');
    return { events, until: moments.at(-1)?.id ?? Number(lastEventId) };
  }
}

import * as assert from 'uvu/assert';
import { type Clock, systemClock } from '../../../operator/kube/clock.ts';
import { Controller, type Reconcile } from '../../../operator/kube/controller.ts';
import { KubeError } from '../../../operator/kube/errors.ts';
import { type Log, silentLog } from '../../../operator/kube/log.ts';
import { createMetrics } from '../../../operator/kube/metrics.ts';
import { asSpan, asTrace, isTraced, spanIds } from '../../../operator/kube/spans.ts';
import { startTracing } from '../../../operator/tracing.ts';
import { suite } from '../../harness/suite.ts';
import { Collector } from '../../integration/collector.ts';
import { eventually } from '../../integration/processes.ts';

const test = suite("the operator's traces");

let collector: Collector;
let endpoint: string;
test.before.each(async () => {
  collector = new Collector();
  endpoint = await collector.start();
});
test.after.each(() => collector.stop());

const NAME = 'reconcile things';

/** Reconciles these keys once with traces on; resolves when all of it is sent, or lost. */
async function traced(
  keys: string[],
  reconcile: Reconcile,
  options: { share?: number; log?: Log; to?: string; clock?: Clock; meanwhile?: () => Promise<void> } = {},
): Promise<void> {
  const { share = 1, log = silentLog, to = endpoint, clock = systemClock, meanwhile } = options;
  const tracing = startTracing({ tracing: { endpoint: to, share }, version: '1', instance: 'a', log });
  const stop = new AbortController();
  let left = keys.length;
  const controller = new Controller({
    name: 'things',
    clock,
    log: silentLog,
    metrics: createMetrics(),
    reconcile: async (key, signal) => {
      try {
        return await reconcile(key, signal);
      } finally {
        left -= 1;
      }
    },
  });
  for (const key of keys) controller.enqueue(key);
  const end = controller.run(stop.signal);
  await eventually('all are reconciled', () => left <= 0);
  stop.abort();
  await end;
  await meanwhile?.();
  await tracing.end();
}

test('each reconciliation is a trace with its key, its result and how long it was in line', async () => {
  await traced(['shop/one', 'shop/later', 'shop/refused', 'shop/broken'], async (key) => {
    if (key.endsWith('later')) return { requeueAfterMs: 5_000 };
    if (key.endsWith('refused'))
      throw new KubeError('PATCH x', { code: 403, reason: 'Forbidden', message: 'secret-in-a-message' });
    if (key.endsWith('broken')) throw new TypeError('secret-in-a-message');
    return undefined;
  });
  const found = new Map<unknown, unknown[]>();
  for (const { facts, isFailed, parentSpanId } of collector.named(NAME)) {
    assert.is(parentSpanId, undefined);
    assert.type(facts['reconcile.queue_ms'], 'number');
    const { 'reconcile.key': key, 'reconcile.result': result, 'error.type': error } = facts;
    // What failed is tried again, and fails again.
    found.set(key, [result, error, facts['http.response.status_code'], isFailed]);
  }
  assert.equal(
    found,
    new Map([
      ['shop/one', ['success', undefined, undefined, false]],
      ['shop/later', ['requeue_after', undefined, undefined, false]],
      ['shop/refused', ['error', 'Forbidden', 403, true]],
      ['shop/broken', ['error', 'TypeError', undefined, true]],
    ]),
  );
  assert.is(new Set(collector.spans.map(({ traceId }) => traceId)).size, collector.spans.length);
  assert.ok(collector.spans.every(({ service }) => service === 'cryptosense-operator'));
  assert.not.ok(collector.bodies.some((body) => body.includes('secret-in-a-message')));
});

test('the second of two keys waits in line as long as the one worker has the first', async () => {
  let now = 1_000;
  const clock: Clock = { ...systemClock, now: () => now };
  const work = async () => {
    now += 60;
  };
  await traced(['first', 'second'], work, { clock });
  const waited = collector.named(NAME).map(({ facts }) => facts['reconcile.queue_ms']);
  assert.equal(waited, [0, 60]);
});

test('steps are spans inside of it, by value and by promise, and a step that fails fails alone', async () => {
  await traced(['one'], async () => {
    assert.is(
      asSpan('plan', {}, () => 42),
      42,
    );
    await asSpan('write', { 'k8s.object.name': 'a' }, async () => {
      await Promise.resolve();
      asSpan('turn', {}, () => {});
    });
    await asSpan('failed', {}, () => Promise.reject(new Error('no'))).catch(() => {});
    try {
      asSpan('thrown', {}, () => {
        throw new RangeError('no');
      });
    } catch {}
  });
  const [root] = collector.named(NAME);
  const [write] = collector.named('write');
  const parents = Object.fromEntries(collector.spans.map((span) => [span.name, span.parentSpanId]));
  assert.equal(parents, {
    [NAME]: undefined,
    plan: root?.spanId,
    write: root?.spanId,
    turn: write?.spanId,
    failed: root?.spanId,
    thrown: root?.spanId,
  });
  assert.is(new Set(collector.spans.map(({ traceId }) => traceId)).size, 1);
  const failed = collector.spans.filter(({ isFailed }) => isFailed).map(({ name }) => name);
  assert.equal(failed.sort(), ['failed', 'thrown']);
});

test('a line of the log has the ids of its reconciliation, and what goes on after its end is no part of it', async () => {
  let ids: ReturnType<typeof spanIds>;
  let later: Promise<void> | undefined;
  let hasEnded = () => {};
  const ended = new Promise<void>((resolve) => (hasEnded = resolve));
  await traced(
    ['one'],
    async () => {
      ids = spanIds();
      later = ended.then(() => {
        assert.not.ok(isTraced());
        assert.is(spanIds(), undefined);
        asSpan('too late', {}, () => {});
      });
    },
    {
      meanwhile: async () => {
        hasEnded();
        await later;
      },
    },
  );
  const [root] = collector.spans;
  assert.equal(ids, { trace_id: root?.traceId, span_id: root?.spanId });
  assert.is(collector.spans.length, 1);
});

test('of a share of nothing nothing is sent, and without tracing nothing runs as a span', async () => {
  let wasTraced = false;
  await traced(
    ['one', 'two'],
    async () => {
      wasTraced ||= isTraced();
      asSpan('plan', {}, () => {});
    },
    { share: 0 },
  );
  assert.not.ok(wasTraced);
  assert.equal(collector.bodies, []);
  assert.is(spanIds(), undefined);
});

test('a collector that refuses is said once, and once that it takes traces again', async () => {
  const lines: string[] = [];
  const say = (message: string) => lines.push(message);
  const log: Log = { ...silentLog, warn: say, info: say };
  collector.refuses = true;
  const meanwhile = async () => {
    await eventually('it is said', () => lines.length === 1);
    await eventually('it is tried again', () => {
      asTrace('more', {}, async () => {});
      return collector.refused >= 3;
    });
    assert.equal(lines, ['traces are lost: the collector does not take them']);
    collector.refuses = false;
    await eventually('more arrives', () => {
      asTrace('more', {}, async () => {});
      return lines.length > 1;
    });
  };
  await traced(['one'], async () => {}, { log, meanwhile });
  assert.is(lines[1], 'the collector takes traces again');
  assert.ok(collector.named('more').length > 0);
});

test('a collector that is not there, or never answers, holds up the end for two seconds and no longer', async () => {
  for (const to of [endpoint, 'http://127.0.0.1:1']) {
    collector.isSilent = true;
    const start = performance.now();
    await traced(['one'], async () => {}, { to });
    const tookMs = performance.now() - start;
    assert.ok(tookMs > 1_000 && tookMs < 4_000, `${to}: ${tookMs} ms`);
  }
});

test.run();

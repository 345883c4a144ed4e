import * as assert from 'uvu/assert';
import { Controller, type ControllerOptions, TerminalError } from '../../../operator/kube/controller.ts';
import { silentLog } from '../../../operator/kube/log.ts';
import { createMetrics } from '../../../operator/kube/metrics.ts';
import { suite } from '../../harness/suite.ts';
import { eventually } from '../../integration/processes.ts';
import { FakeClock } from './fake-clock.ts';

const test = suite('controller');

/** Runs a controller while `body` runs, then stops it. */
async function running(
  options: Partial<ControllerOptions> & Pick<ControllerOptions, 'reconcile'>,
  body: (controller: Controller, text: () => Promise<string>, stop: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const metrics = createMetrics();
  const stopper = new AbortController();
  const controller = new Controller({ name: 'things', log: silentLog, metrics, ...options });
  const end = controller.run(stopper.signal);
  const stop = async () => {
    stopper.abort();
    await end;
  };
  try {
    await body(controller, () => metrics.registry.metrics(), stop);
  } finally {
    await stop();
  }
}

test('a key asked for before run is reconciled', async () => {
  const seen: string[] = [];
  const controller = new Controller({
    name: 'things',
    log: silentLog,
    metrics: createMetrics(),
    reconcile: async (key) => {
      seen.push(key);
    },
  });
  controller.enqueue('a');
  const stop = new AbortController();
  const end = controller.run(stop.signal);
  await eventually('a is reconciled', () => seen.length === 1);
  stop.abort();
  await end;
});

test('whatever reconcile throws, the key is tried again and the others go on', async () => {
  const calls = new Map<string, number>();
  const reconcile = (key: string): Promise<void> => {
    const call = (calls.get(key) ?? 0) + 1;
    calls.set(key, call);
    if (key === 'good' || call > 3) return Promise.resolve();
    if (call === 1) throw new TypeError('thrown, not rejected');
    return Promise.reject(call === 2 ? 'not even an Error' : new Error('no'));
  };
  await running({ reconcile }, async (controller, text) => {
    controller.enqueue('bad');
    controller.enqueue('good');
    await eventually('bad has succeeded', () => calls.get('bad') === 4);
    assert.is(calls.get('good'), 1);
    await eventually('four ends are counted', async () =>
      (await text()).includes('controller_runtime_reconcile_total{controller="things",result="success"} 2'),
    );
    const measured = await text();
    assert.match(measured, 'controller_runtime_reconcile_total{controller="things",result="error"} 3');
    assert.match(measured, 'controller_runtime_reconcile_errors_total{controller="things"} 3');
    assert.match(measured, 'controller_runtime_reconcile_panics_total{controller="things"} 1');
    assert.match(measured, 'workqueue_retries_total{name="things",controller="things"} 3');
  });
});

test('a TerminalError is not tried again until the key is enqueued', async () => {
  let calls = 0;
  const reconcile = async () => {
    calls += 1;
    throw new TerminalError('the spec cannot work');
  };
  await running({ reconcile }, async (controller, text) => {
    controller.enqueue('a');
    await eventually('it has failed', async () =>
      (await text()).includes('controller_runtime_terminal_reconcile_errors_total{controller="things"} 1'),
    );
    assert.match(await text(), 'workqueue_retries_total{name="things",controller="things"} 0');
    controller.enqueue('a');
    await eventually('it is reconciled again', () => calls === 2);
  });
});

test('requeueAfterMs brings the key back', async () => {
  let calls = 0;
  const reconcile = async () => (++calls < 3 ? { requeueAfterMs: 5 } : undefined);
  await running({ reconcile }, async (controller) => {
    controller.enqueue('a');
    await eventually('it came back twice', () => calls === 3);
  });
});

test('every key is looked at again after the resync period, spread over a tenth of it, and those that are gone are not', async () => {
  const clock = new FakeClock();
  const hour = 3_600_000;
  const keys = Array.from({ length: 100 }, (_, i) => `key ${i}`);
  const seen: { key: string; at: number }[] = [];
  const reconcile = async (key: string) => {
    seen.push({ key, at: clock.now() });
  };
  const resync = { everyMs: hour, keys: () => keys };
  await running({ reconcile, resync, clock }, async () => {
    const moveOn = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 60_000) {
        clock.advance(60_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await moveOn(hour);
    assert.is(seen.length, 0, 'nothing before its time');
    await moveOn(hour / 10);
    assert.equal(new Set(seen.map(({ key }) => key)).size, 100);
    assert.is(seen.length, 100);
    assert.ok(new Set(seen.map(({ at }) => at)).size >= 4, 'they do not come all at once');
    keys.length = 1;
    await moveOn(hour);
    assert.equal(
      seen.slice(100).map(({ key }) => key),
      ['key 0'],
    );
  });
});

test('one key is never reconciled twice at once by four workers', async () => {
  const active = new Set<string>();
  let most = 0;
  let calls = 0;
  const reconcile = async (key: string) => {
    assert.not(active.has(key));
    active.add(key);
    most = Math.max(most, active.size);
    calls += 1;
    await new Promise((resolve) => setTimeout(resolve, 2));
    active.delete(key);
  };
  await running({ reconcile, workers: 4 }, async (controller, text) => {
    const timer = setInterval(() => {
      for (const key of ['a', 'b', 'c', 'd', 'e']) controller.enqueue(key);
    }, 1);
    await eventually('there was work', () => calls >= 60);
    clearInterval(timer);
    assert.is(most, 4);
    assert.not.match(await text(), 'result="error"} 1');
  });
});

test('a stop lets finish what runs and begins nothing new', async () => {
  const finish = Promise.withResolvers<void>();
  const seen: string[] = [];
  let wasAborted = false;
  const reconcile = async (key: string, signal: AbortSignal) => {
    seen.push(key);
    await finish.promise;
    wasAborted = signal.aborted;
    seen.push(`${key} ended`);
  };
  await running({ reconcile }, async (controller, _, stop) => {
    controller.enqueue('a');
    controller.enqueue('b');
    await eventually('a has begun', () => seen.length === 1);
    const stopped = stop();
    finish.resolve();
    await stopped;
    assert.equal(seen, ['a', 'a ended']);
    assert.not(wasAborted);
  });
});

test('what does not finish by the stop deadline is aborted, and run ends', async () => {
  const reconcile = (_: string, signal: AbortSignal) =>
    new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  await running({ reconcile, stopDeadlineMs: 20 }, async (controller, text, stop) => {
    controller.enqueue('a');
    await eventually('a has begun', async () =>
      (await text()).includes('controller_runtime_active_workers{controller="things"} 1'),
    );
    await stop();
    assert.match(await text(), 'result="error"} 0');
  });
});

test.run();

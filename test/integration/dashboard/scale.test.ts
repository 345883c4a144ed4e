import type { Page } from 'playwright-core';
import { is, ok } from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { eventually } from '../processes.ts';
import { openBrowser } from '../web/browser.ts';
import { DESKTOP, faults, PHONE, picture, withPage } from './browser-page.ts';
import { releasing, serving } from './statuses.ts';
import { bind, DashboardWorld } from './world.ts';

const test = suite('The dashboard with 200 environments, in a browser');
const ENVIRONMENTS = 200;
const MOST_MS = 100;
const MOST_BYTES = 60 * 1024 * 1024;
const ROUNDS = 30;
const opened = await openBrowser();
let world: DashboardWorld;

const at = (i: number) => ({ namespace: `team-${String(i % 20).padStart(2, '0')}`, name: `env-${i}` });

test.before(async () => {
  if (typeof opened === 'string') return;
  world = await DashboardWorld.start({ users: ['chief'] });
  await bind(world.client, 'chief', 'look');
  await bind(world.client, 'chief', 'command');
  for (let i = 0; i < 20; i++) await world.namespace(at(i).namespace);
  const now = Date.now();
  await Promise.all(
    Array.from({ length: ENVIRONMENTS }, (_, i) => {
      const { namespace, name } = at(i);
      return world.environment(namespace, name, i % 10 === 3 ? begun(now, i) : serving(now));
    }),
  );
});
test.after(async () => {
  if (typeof opened !== 'string') await opened.close();
  await world?.stop();
});

function begun(now: number, weight: number) {
  return releasing(now, {
    startedAt: now - 120_000,
    step: 1,
    weight: weight % 100,
    ready: 1,
    verdicts: ['pass'],
  });
}

/** Bytes that scripts, elements and styles take, as Chromium counts them once nobody needs the rest. */
async function memoryOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  return page.evaluate(async () => {
    type Measured = { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> };
    return (await (performance as unknown as Measured).measureUserAgentSpecificMemory()).bytes;
  });
}

/** Notes down in the page how long each update takes to draw, with its layout, and every task that blocks it for 50 ms or more. */
async function watchUpdates(page: Page): Promise<void> {
  await page.evaluate(() => {
    const noted = { updates: 0, worst: 0 };
    Object.assign(globalThis, { noted });
    const { body } = (globalThis as unknown as { document: { body: { offsetHeight: number } } }).document;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        const before = performance.now();
        // Forces the styles and the layout that the next frame would have to make.
        void body.offsetHeight;
        noted.updates += 1;
        noted.worst = Math.max(noted.worst, duration + performance.now() - before);
      }
    }).observe({ type: 'measure' });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) noted.worst = Math.max(noted.worst, duration);
      // The types are Node's, which has no such entries.
    }).observe({ type: 'longtask' as 'measure' });
  });
}

if (typeof opened === 'string') {
  test.skip('the dashboard in a browser', opened);
} else {
  test(`an update takes less than ${MOST_MS} ms and the page less than 60 MB`, async () => {
    await withPage(opened, world.url, { ...DESKTOP, token: world.tokenOf('chief') }, async (page) => {
      await eventually('all are there', async () => (await page.locator('.row').count()) === ENVIRONMENTS);
      await page.locator('a[href="#/team-03/env-3"]').click();
      await page.locator('.chart').waitFor();
      await watchUpdates(page);
      for (let round = 1; round <= ROUNDS; round++) {
        // Every environment says something new, as after a node was lost.
        const now = Date.now();
        await Promise.all(
          Array.from({ length: ENVIRONMENTS }, (_, i) => {
            const { namespace, name } = at(i);
            const status =
              i % 10 === 3 ? begun(now, i + round) : { ...serving(now), summary: `look ${round}` };
            return round % 10 === 0 || i % 20 === round % 20 ? world.say(namespace, name, status) : undefined;
          }),
        );
        const last = at((round % 20) + 20);
        await page
          .locator(`a[href="#/${last.namespace}/${last.name}"]`, { hasText: String(round) })
          .waitFor();
      }
      const { updates, worst } = await page.evaluate<{ updates: number; worst: number }>('noted');
      const memory = await memoryOf(page);
      console.log(
        `note: ${updates} updates, the longest ${worst.toFixed(1)} ms; the page takes ${(memory / 1024 / 1024).toFixed(1)} MiB`,
      );
      ok(updates >= ROUNDS, String(updates));
      ok(worst < MOST_MS, `${worst} ms`);
      ok(memory < MOST_BYTES, `${memory} bytes`);
      is(await page.locator('.row').count(), ENVIRONMENTS);
    });
  });

  for (const [device, options] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    for (const colorScheme of ['light', 'dark'] as const) {
      test(`with every state on it nothing is hard to read: ${device}, ${colorScheme}`, async () => {
        const now = Date.now();
        const say = (i: number, status: Parameters<typeof world.say>[2]) =>
          world.say(at(i).namespace, at(i).name, status);
        const wrong = { PoolerReady: '1 of 2 pods of PgBouncer are ready: Back-off pulling image.' };
        await say(
          0,
          serving(now, { ApiReady: '0 of 4 pods are ready.', Ready: 'No pod of the API is ready.' }),
        );
        await say(1, serving(now, wrong));
        await say(2, serving(now, { Stalled: 'spec.database.storage cannot shrink from 20Gi to 10Gi.' }));
        const verdicts = ['pass', 'pass', 'inconclusive', 'pass', 'error', 'pass', 'fail', 'pass'] as const;
        await say(
          3,
          releasing(now, {
            startedAt: now - 130_000,
            step: 1,
            weight: 10,
            ready: 1,
            verdicts: [...verdicts],
          }),
        );
        const token = world.tokenOf('chief');
        await withPage(opened, world.url, { ...options, colorScheme, token }, async (page) => {
          await page.getByLabel('Filter').fill('team-0');
          await page.locator('.row').first().waitFor();
          await picture(page, `many-${device}-${colorScheme}`, false);
          await page.locator('a[href="#/team-03/env-3"]').click();
          await page.locator('.chart .verdict.fail').first().waitFor();
          await picture(page, `one-${device}-${colorScheme}`, false);
          const found = await faults(page);
          ok(found.length === 0, found.join('\n'));
        });
      });
    }
  }
}

test.run();

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { suite } from '../../harness/suite.ts';
import { eventually, World } from '../app/world.ts';
import { openBrowser } from './browser.ts';

const test = suite('web page');
const world = new World();
const PASSWORD = 'correct horse battery';
const DESKTOP = { viewport: { width: 1_280, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

const opened = await openBrowser();
let url: string;

test.before(async () => {
  await world.start();
  ({ url } = await world.serve({
    FEED: 'simulator',
    FEED_INTERVAL_MS: '1000',
    FEED_SEED: '42',
    ALERT_INTERVAL_MS: '500',
  }));
});
test.after(async () => {
  if (typeof opened !== 'string') await opened.close();
  await world.stop();
});

/** What Chromium says when a network of the machine comes or goes, as those of other containers do. */
const NETWORK_CHANGED = /ERR_NETWORK_CHANGED/;

/** Opens the page, again when the browser broke off a request for a reason of its own. */
async function arrive(page: Page): Promise<void> {
  const eighth = page.locator('#price-rows tr').nth(7);
  for (let attempt = 1; attempt < 4; attempt++) {
    const arrived = await page
      .goto(url)
      .then(() => eighth.waitFor({ timeout: 20_000 }))
      .then(
        () => true,
        () => false,
      );
    if (arrived) return;
  }
  await eighth.waitFor();
}

/** A page that has prices. What it says to the console, and what its policy refuses, is a failure. */
async function withPage(
  options: BrowserContextOptions,
  look: (page: Page) => Promise<void>,
  // A 401 is how the page finds out that nobody is signed in.
  expected = /status of 401/,
): Promise<void> {
  const context = await (opened as Browser).newContext({ reducedMotion: 'reduce', ...options });
  const complaints: string[] = [];
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await arrive(page);
    await page.locator('#history-chart path.line').waitFor();
    await look(page);
    assert.equal(
      complaints.filter((text) => !expected.test(text) && !NETWORK_CHANGED.test(text)),
      [],
    );
  } finally {
    await context.close();
  }
}

/** For eyes: CRYPTOSENSE_SCREENSHOTS names a folder. */
async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.CRYPTOSENSE_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.evaluate('scrollTo(0, 0)');
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Faults that axe-core finds, as lines for a person. */
async function faults(page: Page): Promise<string[]> {
  // The page's policy lets no script in; the tool comes by the debugger's way.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe: tool } = globalThis as unknown as {
      axe: {
        run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
      };
    };
    const { violations } = await tool.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
  });
}

const becomes = <T>(look: () => Promise<T>, condition: (found: T) => boolean) =>
  eventually(30_000, look, condition);

async function register(page: Page, email: string): Promise<void> {
  await page.locator('#sign-in').click();
  await page.getByRole('button', { name: 'Make an account' }).last().click();
  await page.getByLabel('E-mail').fill(email);
  await page.locator('#account-dialog').getByLabel('Password').fill(PASSWORD);
  await page.locator('#account-submit').click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

async function hold(page: Page, symbol: string, quantity: string, cost: string): Promise<void> {
  const form = page.locator('.portfolio form');
  await form.getByLabel('Asset').selectOption(symbol);
  await form.getByLabel('Quantity').fill(quantity);
  await form.getByLabel('Paid a unit, $').fill(cost);
  await form.getByRole('button', { name: 'Save holding' }).click();
  await page.locator('.portfolio tbody th', { hasText: symbol }).waitFor();
}

if (typeof opened === 'string') {
  test.skip('the page in a browser', opened);
} else {
  test('prices appear, move by themselves, and their chart follows the choice', async () => {
    await withPage(DESKTOP, async (page) => {
      await page.locator('#notice', { hasText: 'simulated' }).waitFor();
      const first = page.locator('#price-rows td.number').first();
      const before = await first.innerText();
      assert.match(before, /^\$[\d,]+\.\d\d$/);
      await becomes(
        () => first.innerText(),
        (text) => text !== before,
      );
      const drawn = () => page.locator('#history-chart path.line').getAttribute('d');
      const line = await drawn();
      await page.getByRole('button', { name: 'ETH Ether' }).click();
      await becomes(drawn, (path) => path !== line);
      assert.is(await page.locator('#history-title').innerText(), 'Ether (ETH)');
      await page.getByRole('button', { name: '30 D' }).click();
      await page.getByRole('img', { name: 'over the last thirty days' }).waitFor();
      await page.locator('#history-chart svg').focus();
      await page.keyboard.press('ArrowLeft');
      assert.match(await page.locator('#history-chart output').innerText(), /\$[\d,]+\.\d\d/);
    });
  });

  test('a person makes an account, keeps a portfolio, an alert and a watchlist, and finds them again', async () => {
    const context = { ...DESKTOP };
    await withPage(context, async (page) => {
      await page.locator('#sign-in').click();
      await page.locator('#account-submit').click();
      assert.match(await page.locator('#account-error').innerText(), 'Write an e-mail address');
      await page.locator('#account-cancel').click();
      await register(page, 'page@example.com');
      const cookies = await page.context().cookies();
      assert.equal(
        cookies.map(({ name, httpOnly, secure, sameSite }) => [name, httpOnly, secure, sameSite]),
        [['__Host-session', true, true, 'Strict']],
      );
      assert.is(await page.evaluate<string>('document.cookie'), '');
      await hold(page, 'BTC', '0.25', '50000');
      await hold(page, 'ETH', '3.5', '2000');
      assert.match(await page.locator('.portfolio .figure').innerText(), /^\$[\d,]+\.\d\d [▲▼] -?\$/);
      await page.locator('.portfolio .chart path.line').waitFor();
      await page.locator('.alerts').getByLabel('Price, $').fill('1');
      await page.getByRole('button', { name: 'Add alert' }).click();
      await page.locator('.alerts b', { hasText: 'Fired at' }).waitFor({ timeout: 30_000 });
      await page.getByRole('button', { name: 'Watch Dogecoin' }).click();
      await becomes(
        () => page.locator('#price-rows tr').first().innerText(),
        (text) => text.startsWith('DOGE'),
      );
      await page.reload();
      await page.locator('.portfolio tbody th', { hasText: 'ETH' }).waitFor();
      await page.getByRole('button', { name: 'Remove ETH from the portfolio' }).click();
      await page.locator('.portfolio tbody th', { hasText: 'ETH' }).waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByText('Keep what you hold here').waitFor();
      assert.is((await page.context().cookies()).length, 0);
    });
  });

  test('an account is deleted from the page with its password, after a question that Escape ends', async () => {
    const email = 'leaver@example.com';
    const there = () =>
      world.parts.sql`select 1 from users where email = ${email}`.then((rows) => rows.length === 1);
    const expected = /status of 40[13]/;
    await withPage(
      DESKTOP,
      async (page) => {
        assert.not.ok(await page.getByRole('button', { name: 'Delete the account' }).isVisible());
        await register(page, email);
        await hold(page, 'BTC', '0.25', '50000');
        const ask = page.getByRole('button', { name: 'Delete the account' });
        const question = page.getByRole('dialog', { name: 'Delete the account?' });
        await ask.click();
        assert.match(await question.innerText(), email);
        await page.keyboard.type('a guess, and not the last');
        await page.keyboard.press('Escape');
        await question.waitFor({ state: 'hidden' });
        await ask.click();
        const password = question.getByLabel('Password');
        assert.is(await password.inputValue(), '', 'nothing is left in the form');
        const confirm = question.getByRole('button', { name: 'Delete for good' });
        await confirm.click();
        await question.getByText('Write the password of this account.').waitFor();
        await password.fill('a wrong password');
        await confirm.click();
        await question
          .getByText(/password/i)
          .and(question.getByRole('alert'))
          .waitFor();
        await becomes(
          () => question.getByRole('alert').innerText(),
          (text) => !text.startsWith('Write'),
        );
        assert.equal(await faults(page), []);
        await picture(page, 'delete-account');
        assert.ok(await there(), 'nothing is deleted by a wrong password');
        await password.fill(PASSWORD);
        await confirm.click();
        await page.getByText('Your account is deleted, and everything in it.').waitFor();
        await page.getByText('Keep what you hold here').waitFor();
        assert.not.ok(await there());
        assert.is((await page.context().cookies()).length, 0);
        assert.is(await page.evaluate<string>('document.activeElement.id'), 'sign-in');
        // The address is free at once, and what was there is not there again.
        await register(page, email);
        assert.is(await page.locator('.portfolio tbody th').count(), 0);
      },
      expected,
    );
  });

  test('the keyboard alone is enough', async () => {
    await withPage(DESKTOP, async (page) => {
      const tabTo = async (name: string) => {
        for (let presses = 0; presses < 60; presses++) {
          await page.keyboard.press('Tab');
          const found = await page.evaluate<string>('document.activeElement.textContent.trim()');
          if (found === name) return;
        }
        assert.unreachable(`Tab never comes to "${name}"`);
      };
      await tabTo('Skip to the prices');
      await tabTo('Sign in');
      await page.keyboard.press('Enter');
      await page.keyboard.type('keys@example.com');
      await page.keyboard.press('Tab');
      await page.keyboard.type(PASSWORD);
      await tabTo('Make an account');
      await page.keyboard.press('Space');
      await page.locator('#account-dialog').getByLabel('Password').focus();
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Sign out' }).waitFor();
      // Wherever the focus is, it can be seen.
      await page.locator('#theme').focus();
      const outline = await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle');
      assert.is(outline, 'solid');
    });
  });

  for (const [device, options] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    for (const colorScheme of ['light', 'dark'] as const) {
      test(`axe-core finds nothing, and nothing runs over the edge: ${device}, ${colorScheme}`, async () => {
        await withPage({ ...options, colorScheme }, async (page) => {
          await picture(page, `${device}-${colorScheme}-stranger`);
          assert.equal(await faults(page), []);
          await register(page, `${device}-${colorScheme}@example.com`);
          assert.equal(await faults(page), []);
          await hold(page, 'BTC', '0.25', '50000');
          await hold(page, 'ETH', '3.5', '2000');
          await hold(page, 'DOGE', '12000', '');
          await page.locator('.portfolio .chart path.line').waitFor();
          // A phone zooms out of what is too wide: its inner width grows with it.
          const width = await page.evaluate<number>(
            'Math.max(innerWidth, document.documentElement.scrollWidth)',
          );
          assert.is(width, options.viewport.width);
          await page.locator('.alerts').getByLabel('Price, $').fill('150000');
          await page.getByRole('button', { name: 'Add alert' }).click();
          await page.locator('.alerts td', { hasText: 'above' }).waitFor();
          await page.getByRole('button', { name: 'Watch Solana' }).click();
          await becomes(
            () => page.locator('#price-rows tr').first().innerText(),
            (text) => text.startsWith('SOL'),
          );
          await picture(page, `${device}-${colorScheme}`);
          assert.equal(await faults(page), []);
        });
      });
    }
  }

  test('the theme can be chosen and is kept', async () => {
    await withPage({ ...DESKTOP, colorScheme: 'light' }, async (page) => {
      const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      const light = await ground();
      await page.getByRole('button', { name: 'Theme: system' }).click();
      await page.getByRole('button', { name: 'Theme: light' }).click();
      assert.is.not(await ground(), light);
      const dark = await ground();
      await page.reload();
      await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
      assert.is(await ground(), dark);
    });
  });

  test('without the service the page says so, and it goes on when it is back', async () => {
    const expected = /status of 401|ERR_FAILED/;
    await withPage(
      DESKTOP,
      async (page) => {
        await page.route('**/api/v1/**', (route) => route.abort());
        await page.reload();
        await page.getByText('No connection, trying again').waitFor();
        await page.unroute('**/api/v1/**');
        await becomes(
          () => page.locator('#live').getAttribute('data-state'),
          (state) => state === 'live',
        );
      },
      expected,
    );
  });

  test('the page and its files need nothing from elsewhere, and its policy allows no script of its own', async () => {
    const page = await fetch(url);
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, "default-src 'none'");
    assert.not.match(policy, /unsafe|http/);
    const html = await page.text();
    assert.not.match(html, / (style|on\w+)="/);
    assert.not.match(html, /<script(?! type="module" src="\/assets\/)/);
    assert.not.match(html, /(src|href)="(?!\/|#)/);
    for (const [, file] of html.matchAll(/"(\/assets\/[^"]+)"/g)) {
      const answer = await fetch(`${url}${file}`);
      assert.is(answer.status, 200, file ?? '');
      const again = await fetch(`${url}${file}`, {
        headers: { 'if-none-match': answer.headers.get('etag') ?? '' },
      });
      assert.is(again.status, 304, file ?? '');
    }
    for (const wrong of [
      '/assets/../main.ts',
      '/assets/%2e%2e%2fpage.ts',
      '/assets/tsconfig.json',
      '/assets/',
    ])
      assert.is((await fetch(`${url}${wrong}`)).status, 404, wrong);
  });
}

test.run();

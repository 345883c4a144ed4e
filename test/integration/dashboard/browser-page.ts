import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { equal } from 'uvu/assert';

export const DESKTOP = { viewport: { width: 1_360, height: 940 } };
export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** What Chromium says of answers that the page itself shows, of a connection that a test cuts, and of a network that comes or goes. */
const EXPECTED = /status of (401|403|404|409)|ERR_NETWORK_CHANGED|ERR_FAILED/;

/** A page of the dashboard, signed in when a token is given. What it says to the console, and what its policy refuses, is a failure. */
export async function withPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions & { token?: string },
  look: (page: Page) => Promise<void>,
): Promise<void> {
  const { token, ...context } = options;
  const opened = await browser.newContext({ reducedMotion: 'reduce', ...context });
  const complaints: string[] = [];
  const answers: Promise<string>[] = [];
  try {
    const page = await opened.newPage();
    page.setDefaultTimeout(30_000);
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    // The console tells the status alone; whose answer it was, and what it said, tells the fault.
    page.on('response', (response) => {
      if (response.status() < 500) return;
      const text = response.text().catch((error: Error) => error.message);
      answers.push(text.then((body) => `${response.status()} from ${response.url()}: ${body}`));
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
    if (token !== undefined) await signIn(page, token);
    await look(page);
    const unexpected = complaints.filter((text) => !EXPECTED.test(text));
    equal(unexpected.length === 0 ? [] : [...unexpected, ...(await Promise.all(answers))], []);
  } finally {
    await opened.close();
  }
}

async function signIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('#live[data-state="live"]').waitFor();
}

/** For eyes: CRYPTOSENSE_SCREENSHOTS names a folder. */
export async function picture(page: Page, name: string, fullPage = true): Promise<void> {
  const folder = process.env.CRYPTOSENSE_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.evaluate('scrollTo(0, 0)');
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
}

/** Serious faults that axe-core finds, and what runs over the edge, as lines for a person. */
export async function faults(page: Page): Promise<string[]> {
  // The page's policy lets no script in; the tool comes by the debugger's way.
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    type Finding = { impact: string; id: string; help: string; nodes: { target: string[] }[] };
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact !== 'minor')
      .map(
        ({ impact, id, help, nodes }) =>
          `${impact} ${id}: ${help}: ${nodes.map(({ target }) => target).join(' ')}`,
      );
  });
  // A phone zooms out of what is too wide: its inner width grows with it.
  const width = await page.evaluate<number>('Math.max(innerWidth, document.documentElement.scrollWidth)');
  const wanted = page.viewportSize()?.width ?? 0;
  return width > wanted ? [...found, `${width - wanted} px run over the edge`] : found;
}

/** Presses Tab until what has the focus is called so. */
export async function tabTo(page: Page, name: RegExp): Promise<void> {
  let last = '';
  for (let presses = 0; presses < 120; presses++) {
    await page.keyboard.press('Tab');
    last = await page.evaluate<string>('document.activeElement.textContent.trim()');
    if (name.test(last)) return;
  }
  throw new Error(`Tab never comes to ${name}; it was at "${last}"`);
}

import type { Page } from 'playwright-core';
import { suite } from '../harness/suite.ts';
import { DESKTOP, withPage } from '../integration/dashboard/browser-page.ts';
import {
  BY_HAND,
  keepBackup,
  type Place,
  promoteByCommandLine,
  promoteOnPage,
  serves,
} from '../integration/dashboard/same-facts.ts';
import { eventually } from '../integration/processes.ts';
import { openBrowser } from '../integration/web/browser.ts';
import { cryptosense, gatewayUrl, kubectl, TestEnvironment } from './cluster.ts';
import { withDashboard } from './forward.ts';

const test = suite('The command line and the page beside kubectl, in a cluster');
const environment = new TestEnvironment('facts');
const { namespace, name } = environment;
/** A browser takes what ends so for a place where the cookie of a session is safe. */
const HOST = 'facts.localhost';
const opened = await openBrowser([`--host-resolver-rules=MAP ${HOST} ${new URL(gatewayUrl).hostname}`]);
const place: Place = {
  namespace,
  name,
  programs: { kubectl, cryptosense },
  // What the faulty one would do by itself is another test's matter.
  release: (image) => environment.release(image, { FAULT_SHARE: '0' }),
};

test.before(async () => {
  await environment.create({ rollout: BY_HAND, routing: { hostnames: [HOST] } });
  await kubectl(['-n', namespace, 'wait', '--for=condition=Ready', `cse/${name}`, '--timeout=240s']);
  await serves(place, 'cryptosense-api:1.0.0');
  await keepBackup(place);
});

test.after(async () => {
  if (typeof opened !== 'string') await opened.close();
  await environment.remove();
});

test('a canary is followed and promoted from the command line, which shows what kubectl shows', async () => {
  await promoteByCommandLine(place, 'cryptosense-api:1.1.0');
});

if (typeof opened === 'string') {
  test.skip('the pages in a browser', opened);
} else {
  test('another is followed and promoted on the page, which shows what kubectl shows', async () => {
    await withDashboard(({ url, token }) =>
      withPage(opened, url, { ...DESKTOP, token }, async (page) => {
        await page.locator(`a.row[href="#/${namespace}/${name}"]`).click();
        await page.locator('.release').waitFor();
        const user = 'system:serviceaccount:default:dashboard';
        await promoteOnPage(place, 'cryptosense-api:1.2.0-faulty', page, user);
      }),
    );
  });

  test("the product's own page comes through the gateway: live prices, an account that is made and deleted", async () => {
    const at = new URL(gatewayUrl);
    at.hostname = HOST;
    await withPage(opened, at.href, DESKTOP, async (page) => {
      await page.locator('#price-rows tr').nth(7).waitFor();
      await page.locator('#live[data-state="live"]').waitFor();
      const price = page.locator('#price-rows td.number').first();
      const before = await price.innerText();
      await eventually('a price has moved', async () => (await price.innerText()) !== before, 60_000);
      await makeAccount(page, 'gateway@example.com', 'correct horse battery');
      await page.getByRole('button', { name: 'Delete the account' }).click();
      const question = page.getByRole('dialog', { name: 'Delete the account?' });
      await question.getByLabel('Password').fill('correct horse battery');
      await question.getByRole('button', { name: 'Delete for good' }).click();
      await page.getByText('Your account is deleted').waitFor();
      await page.locator('#sign-in').waitFor();
    });
  });
}

async function makeAccount(page: Page, email: string, password: string): Promise<void> {
  await page.locator('#sign-in').click();
  await page.getByRole('button', { name: 'Make an account' }).last().click();
  await page.getByLabel('E-mail').fill(email);
  await page.locator('#account-dialog').getByLabel('Password').fill(password);
  await page.locator('#account-submit').click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

test.run();

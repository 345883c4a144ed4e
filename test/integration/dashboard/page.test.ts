import type { Page } from 'playwright-core';
import { equal, is, match, not, ok } from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { EnvironmentStatus } from '../../../operator/api/status.ts';
import { API_VERSION, KIND } from '../../../operator/api/well-known.ts';
import { RESOURCES } from '../../../operator/environment/resources.ts';
import { create, mergePatch } from '../../../operator/kube/apply.ts';
import { type KubeObject, pathOf } from '../../../operator/kube/resources.ts';
import type { KubeClient } from '../../../operator/kube/transport.ts';
import { suite } from '../../harness/suite.ts';
import { type SimulatedCluster, startSimulatedCluster } from '../../simulated/cluster.ts';
import { ensureNamespace, type Installation, install } from '../../simulated/installation.ts';
import type { OperatorProcess } from '../../simulated/metered.ts';
import { bundleOperator, startOperator } from '../../simulated/operator.ts';
import { eventually, freePorts } from '../processes.ts';
import { openBrowser } from '../web/browser.ts';
import { DESKTOP, faults, PHONE, picture, tabTo, withPage } from './browser-page.ts';
import { bind, defineRoles, unbind } from './world.ts';

const test = suite('The dashboard of a running operator, in a browser');
const opened = await openBrowser();
let cluster: SimulatedCluster;
let client: KubeClient;
let installation: Installation;
let operator: OperatorProcess;
let url: string;

/** Stops once for a person, after an analysis by a Job; Jobs succeed at once here. */
const STEPS: NonNullable<NonNullable<EnvironmentSpec['rollout']>['canary']> = {
  steps: [
    { weight: 25 },
    { analysis: { metrics: [{ name: 'smoke', job: { image: 'check:1', args: ['{{revision}}'] } }] } },
    { pause: 'untilPromoted' },
    { weight: 50 },
    { pause: 'untilPromoted' },
    { weight: 100 },
  ],
  // No container runs here, so that no pod can be asked for its figures.
  analysis: { preset: 'none' },
};

test.before(async () => {
  if (typeof opened === 'string') return;
  const program = await bundleOperator({ dashboard: true });
  cluster = await startSimulatedCluster({ users: ['chief', 'looker', 'nobody'] });
  client = cluster.client();
  const [port = 0] = await freePorts(1);
  installation = await install(cluster, client, {});
  operator = await startOperator({
    kubeconfig: installation.kubeconfig,
    program,
    env: { ...installation.env, DASHBOARD_PORT: String(port) },
  });
  url = `http://127.0.0.1:${port}`;
  await defineRoles(client);
  await bind(client, 'chief', 'look');
  await bind(client, 'chief', 'command');
  for (const namespace of ['market', 'quiet']) {
    await ensureNamespace(client, namespace);
    await create(client, RESOURCES.environments, {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: 'shop', namespace },
      spec: {
        tier: 'local',
        release: { image: 'cryptosense-api:1.0.0' },
        rollout: { canary: STEPS },
        autoscaling: { minReplicas: 4, maxReplicas: 4 },
      },
    });
  }
  await bind(client, 'looker', 'look', 'market');
  for (const namespace of ['market', 'quiet'])
    await eventually(
      `${namespace}/shop serves`,
      async () => (await statusOf(namespace)).stable !== undefined,
      90_000,
    );
});
test.after(async () => {
  if (typeof opened === 'string') return;
  await opened.close();
  await operator?.stop();
  installation?.remove();
  await client?.close();
  await cluster?.stop();
});

async function statusOf(namespace: string): Promise<EnvironmentStatus> {
  const path = pathOf(RESOURCES.environments, namespace, 'shop');
  const { status } = await client.request<KubeObject>({ method: 'GET', path });
  return (status ?? {}) as EnvironmentStatus;
}

async function releaseImage(image: string, namespace = 'market'): Promise<void> {
  await mergePatch(client, RESOURCES.environments, namespace, 'shop', { spec: { release: { image } } });
}

const token = (user: string) => cluster.configFor(user).getCurrentUser()?.token ?? '';
const page = (user: string, look: (page: Page) => Promise<void>, options: object = DESKTOP): Promise<void> =>
  typeof opened === 'string'
    ? Promise.reject(new Error(opened))
    : withPage(opened, url, { ...options, token: token(user) }, look);

async function open(page: Page, key: string): Promise<void> {
  await page.locator(`a[href="#/${key}"]`).click();
  await page.locator('.release').waitFor();
}

const drawn = (page: Page) => page.locator('.chart path.line').first().getAttribute('d');
const weight = (page: Page) => page.locator('.chart text.value').textContent();

if (typeof opened === 'string') {
  test.skip('the dashboard in a browser', opened);
} else {
  test('who may see nothing is told so in a sentence, and who sends no valid token is asked for one', async () => {
    await page('nobody', async (page) => {
      await page.getByText('nobody may not list cryptosenseenvironments.cryptosense.io').waitFor();
      is(await page.locator('.row').count(), 0);
      await page.goto(`${url}/#/market/shop`);
      await page.getByText('There is no environment market/shop, or nobody may not see it.').waitFor();
      equal(await faults(page), []);
    });
    await withPage(opened, url, DESKTOP, async (page) => {
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('Paste a token.').waitFor();
      await page.getByLabel('Token').fill('made-up');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('The API server does not accept this token').waitFor();
      equal(await faults(page), []);
      await picture(page, 'sign-in');
    });
  });

  test('a canary is drawn while it happens, and promoted by a click after it was asked for', async () => {
    await page('chief', async (page) => {
      await open(page, 'market/shop');
      await page.getByText('No rollout has been seen').waitFor();
      await releaseImage('cryptosense-api:1.1.0');
      await page.locator('.chart').waitFor();
      await eventually('a quarter of the requests is drawn', async () => (await weight(page)) === '25 %');
      await page.locator('.plan li.current', { hasText: 'waits until somebody promotes it' }).waitFor();
      await page.locator('.chart .verdict.pass').first().waitFor();
      await page.locator('.row[href="#/market/shop"]', { hasText: 'Waits for you' }).waitFor();
      const before = await drawn(page);
      await page.getByRole('button', { name: 'Promote one step' }).click();
      const dialog = page.getByRole('dialog', { name: 'Promote one step in market/shop?' });
      await dialog.waitFor();
      match(await dialog.innerText(), 'goes on: weight 50 %');
      equal(await faults(page), []);
      // Cancelled: nothing is written.
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      await dialog.waitFor({ state: 'detached' });
      is((await statusOf('market')).candidate?.step, 2);
      await page.getByRole('button', { name: 'Promote one step' }).click();
      await dialog.getByRole('button', { name: 'Promote one step' }).click();
      await dialog.waitFor({ state: 'detached' });
      await eventually('the step is drawn', async () => (await weight(page)) === '50 %');
      not.equal(await drawn(page), before);
      await page.locator('.outcome', { hasText: 'promote by chief' }).waitFor();
      is((await statusOf('market')).lastCommand?.by, 'chief');
      await page.locator('.item', { hasText: 'PromotedByCommand' }).waitFor();
    });
  });

  test('the drawing has its past when the page is opened, and the keyboard alone reads it, holds and ends the release', async () => {
    await page('chief', async (page) => {
      await page.keyboard.press('/');
      await page.keyboard.type('market');
      await tabTo(page, /^shop market/);
      await page.keyboard.press('Enter');
      await page.locator('.chart').waitFor();
      is((await drawn(page))?.match(/V/g)?.length ?? 0, 2, 'from 0 to 25 to 50 %');
      await page.locator('.chart [role="img"]').focus();
      await page.keyboard.press('ArrowLeft');
      match(await page.locator('.chart output').innerText(), /: 50 % of the requests, \d of \d pods ready/);
      await tabTo(page, /^Hold$/);
      await page.keyboard.press('Enter');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Resume' }).waitFor();
      await page.getByText('Held for').waitFor();
      await page.locator('.chart [role="img"]').focus();
      await tabTo(page, /^Promote fully$/);
      await page.keyboard.press('Space');
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      ok((await statusOf('market')).candidate);
      await page.locator('.chart [role="img"]').focus();
      await tabTo(page, /^Promote fully$/);
      await page.keyboard.press('Space');
      await page.keyboard.press('Enter');
      await eventually('it is promoted', async () => (await weight(page)) === '100 %');
      await page.locator('.roles', { hasText: 'cryptosense-api:1.1.0' }).waitFor();
      await page.getByRole('button', { name: 'Go back to it: cryptosense-api:1.0.0, revision 1' }).waitFor();
      const outline = await page.evaluate<string>(
        'document.querySelector("#theme").focus() ?? getComputedStyle(document.activeElement).outlineStyle',
      );
      is(outline, 'solid');
    });
  });

  test('who may only look sees everything and no button; who loses the right meanwhile reads what the API server says', async () => {
    await releaseImage('cryptosense-api:1.2.0');
    await page('looker', async (page) => {
      is(await page.locator('.row').count(), 1);
      await open(page, 'market/shop');
      await page.getByText('looker may look at market/shop, not change it').waitFor();
      is(await page.locator('.commands').count(), 0);
    });
    await bind(client, 'looker', 'command', 'market');
    await page('looker', async (page) => {
      await open(page, 'market/shop');
      await page.getByRole('button', { name: 'Abort' }).click();
      const dialog = page.getByRole('dialog');
      is(await page.evaluate('document.activeElement.textContent'), 'Cancel');
      await unbind(client, 'looker', 'command', 'market');
      await dialog.getByRole('button', { name: 'Abort' }).click();
      await dialog
        .getByText('is forbidden: User "looker" cannot patch resource "cryptosenseenvironments"')
        .waitFor();
      ok((await statusOf('market')).candidate);
    });
  });

  test('an abort takes the requests back, is drawn, and is an offer to try again', async () => {
    await page('chief', async (page) => {
      await open(page, 'market/shop');
      await eventually('it has requests', async () => (await weight(page)) === '25 %');
      await page.getByRole('button', { name: 'Abort' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Abort' }).click();
      await eventually('it has none', async () => (await weight(page)) === '0 %');
      await page.getByRole('button', { name: 'Try it again' }).waitFor();
      await page.locator('.row[href="#/market/shop"]', { hasText: 'Rolled back' }).waitFor();
    });
  });

  for (const [device, options] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    for (const colorScheme of ['light', 'dark'] as const) {
      test(`axe-core finds nothing, and nothing runs over the edge: ${device}, ${colorScheme}`, async () => {
        await page(
          'chief',
          async (page) => {
            await page.locator('.row').first().waitFor();
            equal(await faults(page), []);
            await picture(page, `${device}-${colorScheme}-list`);
            await open(page, 'market/shop');
            await page.locator('.chart').waitFor();
            equal(await faults(page), []);
            await picture(page, `${device}-${colorScheme}`);
          },
          { ...options, colorScheme },
        );
      });
    }
  }

  test('without the operator the page says so, and it goes on when it is back', async () => {
    await page('chief', async (page) => {
      await page.locator('.row').first().waitFor();
      await page.route('**/api/**', (route) => route.abort());
      await page.reload();
      await page.getByText('No connection, trying again').waitFor();
      await page.unroute('**/api/**');
      await page.locator('#live[data-state="live"]').waitFor();
      is(await page.locator('.row').count(), 2);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('Token').waitFor();
      is(await page.evaluate('sessionStorage.length'), 0);
    });
  });

  test('the operator was refused nothing that it needs for the page', async () => {
    const text = await (await fetch(operator.metricsUrl)).text();
    match(text, /^rest_client_requests_total\{code="200"/m);
    equal(
      text.split('\n').filter((line) => /^rest_client_requests_total\{code="40[13]"/.test(line)),
      [],
    );
  });
}

test.run();

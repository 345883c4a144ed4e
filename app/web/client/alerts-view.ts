import { ApiError, mine, write } from './api.ts';
import { byId, element } from './element.ts';
import { money } from './format.ts';
import { assetSelect } from './portfolio-view.ts';
import type { Quote, Store } from './store.ts';

interface Alert {
  readonly id: string;
  readonly symbol: string;
  readonly direction: 'above' | 'below';
  readonly threshold: string;
  readonly fired: { readonly at: string; readonly price: string } | null;
}

const REFRESH_MS = 15_000;

/** The alerts of the person who is signed in, and a form for another one. */
export function showAlerts(account: Store<unknown>, quotes: Store<readonly Quote[]>): void {
  const body = byId('alerts-body');
  const list = element('div', { class: 'scroll' });
  const error = element('p', { class: 'error', role: 'alert', hidden: true });

  const attempt = async (work: () => Promise<unknown>): Promise<boolean> => {
    error.hidden = true;
    try {
      await work();
      return true;
    } catch (problem) {
      error.textContent =
        problem instanceof ApiError ? problem.message : 'That did not work; please try again.';
      error.hidden = false;
      return false;
    }
  };
  const load = async () => {
    if (account.value === undefined) return;
    const { alerts } = await mine<{ alerts: Alert[] }>('/alerts?limit=20');
    list.replaceChildren(
      alerts.length === 0
        ? element(
            'p',
            { class: 'empty' },
            'None yet. An alert fires once, when a price reaches what you say.',
          )
        : alertTable(alerts, (id) => attempt(() => write('DELETE', `/alerts/${id}`).then(load))),
    );
  };
  const form = alertForm(quotes, (wanted) => attempt(() => write('POST', '/alerts', wanted).then(load)));
  form.append(error);

  account.watch((found) => {
    if (found === undefined) {
      body.replaceChildren(element('p', { class: 'empty' }, 'Sign in to be told when a price is reached.'));
      return;
    }
    body.replaceChildren(list, form);
    load().catch(() => {});
  });
  setInterval(() => {
    if (!document.hidden) load().catch(() => {});
  }, REFRESH_MS);
}

function alertTable(alerts: readonly Alert[], remove: (id: string) => unknown): HTMLElement {
  const rows = alerts.map(({ id, symbol, direction, threshold, fired }) => {
    const words = `${direction} ${money(threshold)}`;
    const state = fired
      ? element('b', {}, `Fired at ${money(fired.price)}`)
      : element('span', { class: 'hint' }, 'Waiting');
    const button = element(
      'button',
      {
        class: 'small',
        type: 'button',
        'aria-label': `Delete the alert of ${symbol} ${words}`,
        onclick: () => remove(id),
      },
      'Delete',
    );
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, symbol),
      element('td', {}, words),
      element('td', {}, state),
      element('td', { class: 'number' }, button),
    );
  });
  const head = ['Asset', 'When', 'State'].map((name) => element('th', { scope: 'col' }, name));
  const last = element('th', {}, element('span', { class: 'unseen' }, 'Delete'));
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...head, last)),
    element('tbody', {}, ...rows),
  );
}

function alertForm(
  quotes: Store<readonly Quote[]>,
  save: (wanted: { symbol: string; direction: string; threshold: string }) => Promise<boolean>,
): HTMLFormElement {
  const asset = assetSelect(quotes);
  const direction = element(
    'select',
    {},
    element('option', { value: 'above' }, 'above'),
    element('option', { value: 'below' }, 'below'),
  );
  const threshold = element('input', {
    inputmode: 'decimal',
    required: true,
    autocomplete: 'off',
    placeholder: '65000',
  });
  const form = element(
    'form',
    { class: 'inline-form', novalidate: true },
    element('label', {}, 'Asset', asset),
    element('label', {}, 'When it is', direction),
    element('label', {}, 'Price, $', threshold),
    element('button', { class: 'primary', type: 'submit' }, 'Add alert'),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const wanted = { symbol: asset.value, direction: direction.value, threshold: threshold.value.trim() };
    if (await save(wanted)) threshold.value = '';
    else threshold.focus();
  });
  return form;
}

import { ApiError, mine, write } from './api.ts';
import { type Chart, createChart } from './chart.ts';
import { byId, element } from './element.ts';
import { arrow, money, percent, quantity, sum } from './format.ts';
import type { Quote, Store } from './store.ts';

interface Holding {
  readonly symbol: string;
  readonly quantity: string;
  readonly unitCost: string | null;
  readonly price: string | null;
  readonly value: string | null;
  readonly gain: string | null;
}

interface Portfolio {
  readonly id: string;
  readonly name: string;
  readonly holdings: readonly Holding[];
  readonly valuation: {
    readonly value: string;
    readonly gain: string;
    readonly gainPercent: string | null;
    readonly complete: boolean;
  };
}

interface Performance {
  readonly points: readonly { readonly timestamp: string; readonly value: string | null }[];
}

const REFRESH_MS = 15_000;

/** The portfolio of the person who is signed in: worth, performance, holdings, and a form to change them. */
export function showPortfolio(options: {
  account: Store<unknown>;
  quotes: Store<readonly Quote[]>;
  open: (mode: 'in' | 'up') => void;
}): void {
  const { account, quotes, open } = options;
  const body = byId('portfolio-body');
  let page: PortfolioPage | undefined;
  let id: string | undefined;

  const load = async () => {
    if (account.value === undefined) return;
    try {
      const { portfolios } = await mine<{ portfolios: Portfolio[] }>('/portfolios');
      // The first write of a person makes the portfolio.
      const portfolio = portfolios.find((each) => each.id === id) ?? portfolios[0];
      id = portfolio?.id;
      page?.show(portfolio);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) account.set(undefined);
      else page?.complain(error);
    }
  };

  const change = async (work: (portfolio: string) => Promise<unknown>) => {
    id ??= (await write<Portfolio>('POST', '/portfolios', { name: 'My portfolio' })).id;
    await work(id);
    // Not waited for: the form is empty again as soon as the write is done.
    load().then(() => page?.drawPerformance(id));
  };

  account.watch((found) => {
    id = undefined;
    page = undefined;
    body.replaceChildren();
    if (found === undefined) return body.append(pitch(open));
    page = createPage(quotes, change);
    body.append(page.root);
    load().then(() => page?.drawPerformance(id));
  });
  setInterval(() => {
    if (!document.hidden) load();
  }, REFRESH_MS);
}

function pitch(open: (mode: 'in' | 'up') => void): HTMLElement {
  return element(
    'div',
    { class: 'pitch' },
    element('p', {}, 'Keep what you hold here and see what it is worth at every moment.'),
    element(
      'div',
      { class: 'row' },
      element('button', { class: 'primary', type: 'button', onclick: () => open('up') }, 'Make an account'),
      element('button', { type: 'button', onclick: () => open('in') }, 'Sign in'),
    ),
  );
}

interface PortfolioPage {
  readonly root: HTMLElement;
  show(portfolio: Portfolio | undefined): void;
  complain(error: unknown): void;
  drawPerformance(id: string | undefined): Promise<void>;
}

function createPage(
  quotes: Store<readonly Quote[]>,
  change: (work: (portfolio: string) => Promise<unknown>) => Promise<void>,
): PortfolioPage {
  const figure = element('p', { class: 'figure' });
  const box = element('div', { class: 'chart small' });
  const caption = element('p', { class: 'hint' }, 'Today’s holdings at the prices of the last seven days');
  const table = element('div', { class: 'scroll' });
  const error = element('p', { class: 'error', role: 'alert', hidden: true });
  const complain = (problem: unknown) => {
    error.textContent =
      problem instanceof ApiError ? problem.message : 'That did not work; please try again.';
    error.hidden = false;
  };
  const attempt = async (work: (portfolio: string) => Promise<unknown>) => {
    error.hidden = true;
    try {
      await change(work);
      return true;
    } catch (problem) {
      complain(problem);
      return false;
    }
  };
  const form = holdingForm(quotes, (symbol, amounts) =>
    attempt((id) => write('PUT', `/portfolios/${id}/holdings/${symbol}`, amounts)),
  );
  const remove = (symbol: string) => attempt((id) => write('DELETE', `/portfolios/${id}/holdings/${symbol}`));
  const performance = element('div', { hidden: true }, box, caption);
  const chart: Chart = createChart(box);
  form.append(error);

  return {
    root: element('div', {}, figure, performance, table, form),
    complain,
    show: (portfolio) => {
      const holdings = portfolio?.holdings ?? [];
      performance.hidden = holdings.length === 0;
      figure.replaceChildren(...(portfolio && holdings.length > 0 ? worth(portfolio) : []));
      table.replaceChildren(
        holdings.length > 0
          ? holdingTable(holdings, remove)
          : element('p', { class: 'empty' }, 'Nothing in it yet: add what you hold.'),
      );
    },
    drawPerformance: async (id) => {
      if (id === undefined) return;
      try {
        const { points } = await mine<Performance>(`/portfolios/${id}/performance?range=7d&basis=current`);
        const known = points.flatMap(({ timestamp, value }) =>
          value === null ? [] : [{ at: Date.parse(timestamp), value: Number(value) }],
        );
        chart.show(
          known,
          'Worth of today’s holdings over the last seven days. Arrow keys read single values.',
        );
      } catch (problem) {
        chart.clear(problem instanceof ApiError ? problem.message : 'The performance could not be drawn.');
      }
    },
  };
}

function worth({ valuation }: Portfolio): (Node | string)[] {
  const { value, gain, gainPercent, complete } = valuation;
  const moved = Number(gain);
  const gained =
    gainPercent === null
      ? undefined
      : element(
          'span',
          { class: `change ${moved < 0 ? 'down' : 'up'}` },
          `${arrow(moved)} ${sum(gain)} (${percent(Number(gainPercent))})`,
        );
  const note = complete ? undefined : element('span', { class: 'hint' }, ' without what has no price yet');
  return [sum(value), ' ', gained, note].filter((part) => part !== undefined);
}

function holdingTable(holdings: readonly Holding[], remove: (symbol: string) => unknown): HTMLElement {
  const columns = [
    element('th', { scope: 'col' }, 'Asset'),
    element('th', { scope: 'col', class: 'number' }, 'Quantity'),
    element('th', { scope: 'col', class: 'number wide' }, 'Price'),
    element('th', { scope: 'col', class: 'number' }, 'Value and gain'),
    element('th', {}, element('span', { class: 'unseen' }, 'Remove')),
  ];
  const rows = holdings.map(({ symbol, quantity: held, price, value, gain }) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, symbol),
      element('td', { class: 'number' }, quantity(held)),
      element('td', { class: 'number wide' }, price === null ? '–' : money(price)),
      element(
        'td',
        { class: 'number' },
        value === null ? '–' : sum(value),
        gain === null ? undefined : gained(gain),
      ),
      element(
        'td',
        { class: 'number' },
        element(
          'button',
          {
            class: 'small',
            type: 'button',
            'aria-label': `Remove ${symbol} from the portfolio`,
            onclick: () => remove(symbol),
          },
          '✕',
        ),
      ),
    ),
  );
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...columns)),
    element('tbody', {}, ...rows),
  );
}

function gained(gain: string): HTMLElement {
  const moved = Number(gain);
  return element('span', { class: `below ${moved < 0 ? 'down' : 'up'}` }, `${arrow(moved)} ${sum(gain)}`);
}

function holdingForm(
  quotes: Store<readonly Quote[]>,
  save: (symbol: string, amounts: { quantity: string; unitCost: string | null }) => Promise<boolean>,
): HTMLFormElement {
  const asset = assetSelect(quotes);
  const amount = element('input', {
    inputmode: 'decimal',
    required: true,
    autocomplete: 'off',
    placeholder: '0.5',
  });
  const cost = element('input', { inputmode: 'decimal', autocomplete: 'off', placeholder: 'optional' });
  const form = element(
    'form',
    { class: 'inline-form', novalidate: true },
    element('label', {}, 'Asset', asset),
    element('label', {}, 'Quantity', amount),
    element('label', {}, 'Paid a unit, $', cost),
    element('button', { class: 'primary', type: 'submit' }, 'Save holding'),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const unitCost = cost.value.trim() === '' ? null : cost.value.trim();
    if (await save(asset.value, { quantity: amount.value.trim(), unitCost })) {
      amount.value = '';
      cost.value = '';
    } else amount.focus();
  });
  return form;
}

/** A choice of the assets that have a name here. */
export function assetSelect(quotes: Store<readonly Quote[]>): HTMLSelectElement {
  const select = element('select');
  quotes.watch((list) => {
    for (const { symbol, name } of list.slice(select.options.length))
      select.append(element('option', { value: symbol }, `${symbol} ${name}`));
  });
  return select;
}

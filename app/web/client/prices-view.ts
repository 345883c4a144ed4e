import { sparkline } from './chart.ts';
import { byId, element } from './element.ts';
import { arrow, change, money, percent } from './format.ts';
import { lastDay } from './history.ts';
import type { Point } from './scale.ts';
import type { Quote, Store } from './store.ts';

const REFRESH_MS = 5 * 60_000;
const RETRY_MS = 5_000;

interface Row {
  readonly row: HTMLTableRowElement;
  show(quote: Quote): void;
  showDay(day: readonly Point[]): void;
  choose(isChosen: boolean): void;
  watch(isWatched: boolean | undefined): void;
}

/** The table of prices. `watched` is undefined while nobody is signed in; then no row can be watched. */
export function showPrices(options: {
  quotes: Store<readonly Quote[]>;
  chosen: Store<string>;
  watched: Store<ReadonlySet<string> | undefined>;
  toggle: (symbol: string) => void;
}): void {
  const { quotes, chosen, watched, toggle } = options;
  const rows = new Map<string, Row>();
  const body = byId('price-rows');

  const fetchDay = async (symbol: string): Promise<void> => {
    const day = await lastDay(symbol).catch(() => []);
    rows.get(symbol)?.showDay(day);
    if (day.length === 0) setTimeout(() => fetchDay(symbol), RETRY_MS);
  };

  quotes.watch((list) => {
    byId('prices-empty').hidden = list.length > 0;
    for (const quote of list) {
      let row = rows.get(quote.symbol);
      if (!row) {
        row = createRow(
          quote,
          () => chosen.set(quote.symbol),
          () => toggle(quote.symbol),
        );
        row.choose(chosen.value === quote.symbol);
        row.watch(watched.value?.has(quote.symbol));
        rows.set(quote.symbol, row);
        body.append(row.row);
        fetchDay(quote.symbol);
      }
      row.show(quote);
    }
  });
  chosen.watch((symbol) => {
    for (const [each, row] of rows) row.choose(each === symbol);
  });
  watched.watch((symbols) => {
    for (const [each, row] of rows) row.watch(symbols?.has(each));
    // What is watched stands first, in the order of the list otherwise.
    const order = [...rows.keys()].sort(
      (a, b) => Number(symbols?.has(b) ?? 0) - Number(symbols?.has(a) ?? 0),
    );
    if (order.some((symbol, index) => body.children[index] !== rows.get(symbol)?.row))
      body.append(...order.flatMap((symbol) => rows.get(symbol)?.row ?? []));
  });
  setInterval(() => {
    if (!document.hidden) for (const symbol of rows.keys()) fetchDay(symbol);
  }, REFRESH_MS);
}

function createRow({ symbol, name }: Quote, onChoose: () => void, onToggle: () => void): Row {
  const price = element('td', { class: 'number' });
  const dayChange = element('td', { class: 'number' });
  const trend = element('td', { class: 'trend' });
  const button = element(
    'button',
    { class: 'asset', type: 'button', onclick: onChoose },
    element('b', {}, symbol),
    name === symbol ? undefined : element('span', {}, name),
  );
  const star = element('button', { class: 'star', type: 'button', onclick: onToggle }, '☆');
  const row = element('tr', {}, element('td', {}, button), price, dayChange, trend, element('td', {}, star));
  let shown: string | null = null;
  let opened: number | undefined;

  const showChange = () => {
    const moved = change(opened, shown === null ? undefined : Number(shown));
    dayChange.className = `number ${moved === undefined ? '' : moved < 0 ? 'down' : 'up'}`;
    dayChange.textContent = moved === undefined ? '–' : `${arrow(moved)} ${percent(moved)}`;
    trend.classList.toggle('down', moved !== undefined && moved < 0);
    trend.classList.toggle('up', moved !== undefined && moved >= 0);
  };

  return {
    row,
    show: (quote) => {
      const before = shown;
      shown = quote.price;
      price.textContent = shown === null ? '–' : money(shown);
      if (before !== null && shown !== null && before !== shown) {
        row.classList.remove('ticked-up', 'ticked-down');
        // Read, so that the browser begins the animation anew.
        void row.offsetWidth;
        row.classList.add(Number(shown) > Number(before) ? 'ticked-up' : 'ticked-down');
      }
      showChange();
    },
    showDay: (day) => {
      opened = day[0]?.value;
      trend.replaceChildren(sparkline(day));
      showChange();
    },
    choose: (isChosen) => {
      if (isChosen) row.setAttribute('aria-current', 'true');
      else row.removeAttribute('aria-current');
      button.setAttribute('aria-pressed', String(isChosen));
    },
    watch: (isWatched) => {
      star.hidden = isWatched === undefined;
      star.textContent = isWatched ? '★' : '☆';
      star.setAttribute('aria-pressed', String(isWatched === true));
      star.setAttribute('aria-label', `Watch ${name}`);
    },
  };
}

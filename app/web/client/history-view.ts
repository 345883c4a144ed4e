import { ApiError } from './api.ts';
import { createChart } from './chart.ts';
import { byId, element } from './element.ts';
import { arrow, change, money, percent } from './format.ts';
import { type HistoryRange, history, historyRanges } from './history.ts';
import type { Point } from './scale.ts';
import { createSegments } from './segments.ts';
import type { Quote, Store } from './store.ts';

const REFRESH_MS = 60_000;
/** After an answer that could not be drawn, and on a service that has no prices yet. */
const RETRY_MS = 5_000;

/** The chart of the chosen asset. */
export function showHistory(quotes: Store<readonly Quote[]>, chosen: Store<string>): void {
  const chart = createChart(byId('history-chart'));
  let range: HistoryRange = '7 D';
  let points: readonly Point[] = [];
  let asked = 0;

  const quote = () => quotes.value.find(({ symbol }) => symbol === chosen.value);

  const showFigure = () => {
    const found = quote();
    const price = found?.price ?? null;
    byId('history-title').textContent = found ? `${found.name} (${found.symbol})` : 'History';
    byId('history-price').textContent = price === null ? '' : money(price);
    const moved = change(points[0]?.value, price === null ? undefined : Number(price));
    const place = byId('history-change');
    place.className = `change ${moved !== undefined && moved < 0 ? 'down' : 'up'}`;
    place.textContent =
      moved === undefined ? '' : `${arrow(moved)} ${percent(moved)} in ${historyRanges[range].words}`;
  };

  const load = async () => {
    const turn = ++asked;
    const symbol = chosen.value;
    try {
      const found = await history(symbol, range);
      // Another asset may have been chosen while this answer was on its way.
      if (turn !== asked) return;
      points = found;
      const [first, last] = [points[0], points.at(-1)];
      const words =
        first && last
          ? `from ${money(String(first.value))} to ${money(String(last.value))}. Arrow keys read single prices.`
          : '';
      chart.show(points, `Price of ${symbol} over ${historyRanges[range].words}, ${words}`);
    } catch (error) {
      if (turn !== asked) return;
      points = [];
      chart.clear(error instanceof ApiError ? error.message : 'The history could not be drawn.');
    }
    showFigure();
  };

  byId('history-ranges').replaceWith(
    createSegments('Range of the history', Object.keys(historyRanges) as HistoryRange[], range, (next) => {
      range = next;
      load();
    }),
  );
  chosen.watch(load);
  quotes.watch(showFigure);
  const refresh = async () => {
    if (!document.hidden) await load();
    setTimeout(refresh, points.length === 0 ? RETRY_MS : REFRESH_MS);
  };
  setTimeout(refresh, RETRY_MS);
  byId('history-chart').append(
    element('p', { class: 'unseen' }, 'The table of prices has the newest price.'),
  );
}

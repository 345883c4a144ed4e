import { type Account, showAccount, whoAmI } from './account-view.ts';
import { showAlerts } from './alerts-view.ts';
import { showDeletion } from './deletion-view.ts';
import { byId } from './element.ts';
import { showHistory } from './history-view.ts';
import { followPrices, type LiveState } from './live-prices.ts';
import { showPortfolio } from './portfolio-view.ts';
import { showPrices } from './prices-view.ts';
import { createStore, type Quote } from './store.ts';
import { showTheme } from './theme.ts';
import { followWatchlist } from './watchlist.ts';

const quotes = createStore<readonly Quote[]>([]);
const chosen = createStore('BTC');
const account = createStore<Account | undefined>(undefined);
const watched = createStore<ReadonlySet<string> | undefined>(undefined);

const words: Record<LiveState, string> = {
  waiting: 'Connecting',
  live: 'Live',
  polling: 'Every 5 seconds',
  lost: 'No connection, trying again',
};

function showState(state: LiveState): void {
  const live = byId('live');
  live.dataset.state = state === 'polling' ? 'live' : state;
  // Only when it changes: a reader of the page is told of it each time.
  if (live.textContent !== words[state]) live.textContent = words[state];
}

function showNotice(text: string): void {
  byId('notice').textContent = text;
  byId('notice').hidden = false;
}

/** Nobody should take simulated prices for real ones. */
async function showFeed(): Promise<void> {
  const response = await fetch('/health/detailed', { credentials: 'omit' });
  const { feed } = (await response.json()) as { feed?: { name?: string } };
  if (feed?.name === 'simulator') showNotice('These prices are simulated: this is a demonstration.');
}

showTheme();
const toggle = followWatchlist(account, watched, showNotice);
showPrices({ quotes, chosen, watched, toggle });
showHistory(quotes, chosen);
const open = showAccount(account);
showDeletion(account, () => showNotice('Your account is deleted, and everything in it.'));
showPortfolio({ account, quotes, open });
showAlerts(account, quotes);
followPrices(quotes, showState);
showFeed().catch(() => {});
whoAmI().then((found) => {
  if (found) account.set(found);
});

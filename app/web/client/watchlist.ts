import { ApiError, mine, write } from './api.ts';
import type { Store } from './store.ts';

/** Follows who is signed in, and returns what adds a symbol to the watchlist or takes it out. */
export function followWatchlist(
  account: Store<unknown>,
  watched: Store<ReadonlySet<string> | undefined>,
  onError: (message: string) => void,
): (symbol: string) => Promise<void> {
  const load = async () => {
    const { watchlist } = await mine<{ watchlist: { symbol: string }[] }>('/watchlist');
    watched.set(new Set(watchlist.map(({ symbol }) => symbol)));
  };
  account.watch((found) => {
    if (found === undefined) watched.set(undefined);
    else load().catch(() => watched.set(new Set()));
  });
  return async (symbol) => {
    try {
      await write(watched.value?.has(symbol) ? 'DELETE' : 'PUT', `/watchlist/${symbol}`);
      await load();
    } catch (error) {
      onError(error instanceof ApiError ? error.message : 'The watchlist could not be changed.');
    }
  };
}

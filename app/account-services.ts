import { apiKeyEndpoints } from './accounts/api-key-routes.ts';
import { createApiKeyStore } from './accounts/api-key-store.ts';
import { createAuthenticate } from './accounts/authenticate.ts';
import { erasureEndpoint } from './accounts/erasure.ts';
import { createPasswords } from './accounts/login.ts';
import { accountEndpoints } from './accounts/routes.ts';
import { createSessionStore } from './accounts/session-store.ts';
import { createUserStore } from './accounts/user-store.ts';
import { createAlertStore } from './alerts/alert-store.ts';
import { alertEndpoints } from './alerts/routes.ts';
import { createWebhookSender } from './alerts/webhook.ts';
import { type AlertWorker, startAlertWorker } from './alerts/worker.ts';
import type { ServerConfig } from './config.ts';
import { createLeadership } from './feed/leader.ts';
import type { Endpoint } from './http/endpoint.ts';
import type { Limiter } from './http/limits/limiter.ts';
import type { Authenticate } from './http/user.ts';
import { createPerformanceStore } from './portfolios/performance-store.ts';
import { createPortfolioLookup } from './portfolios/portfolio-lookup.ts';
import { createPortfolioStore } from './portfolios/portfolio-store.ts';
import { type CurrentPrices, portfolioEndpoints } from './portfolios/routes.ts';
import type { PriceLookup } from './prices/price-lookup.ts';
import type { Cache } from './storage/cache.ts';
import type { Database } from './storage/database.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { watchlistEndpoints } from './watchlist/routes.ts';
import { createWatchlistStore } from './watchlist/watchlist-store.ts';

/** Everything of the API that belongs to a user. */
export interface AccountServices {
  readonly authenticate: Authenticate;
  readonly endpoints: readonly Endpoint[];
  /** Begins to evaluate alerts, on one replica at a time. */
  startAlerts(): AlertWorker;
}

/** Accounts, portfolios, watchlists and alerts over the storage that the prices have as well. */
export function createAccountServices(options: {
  config: ServerConfig;
  database: Database;
  cache: Cache;
  limiter: Limiter;
  prices: PriceLookup;
  metrics: Metrics;
  logger: Logger;
}): AccountServices {
  const { config, database, cache, limiter, prices, metrics, logger } = options;
  const users = createUserStore(database);
  const sessions = createSessionStore(database, cache);
  const apiKeys = createApiKeyStore(database, cache);
  const passwords = createPasswords(users);
  const portfolios = createPortfolioStore(database);
  const lookup = createPortfolioLookup(portfolios, cache);
  const currentPrices: CurrentPrices = async (symbols) => {
    const found = await Promise.all(symbols.map((symbol) => prices(symbol)));
    return new Map(found.flatMap((each) => (each ? [[each.price.symbol, each.price]] : [])));
  };

  return {
    authenticate: createAuthenticate({ sessions, apiKeys }),
    endpoints: [
      ...accountEndpoints({ passwords, users, sessions, limiter }),
      erasureEndpoint({ passwords, users, sessions, apiKeys, portfolios: lookup, limiter }),
      ...apiKeyEndpoints(apiKeys),
      ...portfolioEndpoints({
        store: portfolios,
        lookup,
        performances: createPerformanceStore(database),
        currentPrices,
      }),
      ...watchlistEndpoints({ store: createWatchlistStore(database), currentPrices }),
      ...alertEndpoints({ store: createAlertStore(database), targets: config.alerts.webhookTargets }),
    ],
    startAlerts: () =>
      startAlertWorker({
        database,
        sender: createWebhookSender(config.alerts.webhookTargets),
        sessions,
        // Three rounds may be late before another replica takes over.
        leadership: createLeadership(cache, 'alerts:leader', Math.max(3 * config.alerts.intervalMs, 5_000)),
        onFired: (alerts) => metrics.alertsFired.inc(alerts),
        logger,
        intervalMs: config.alerts.intervalMs,
      }),
  };
}

import type { Router } from '@koa/router';
import type { Drain } from '../http/drain.ts';
import type { Probes } from './probes.ts';

/**
 * - `/health` says that the process answers, and touches no dependency: a liveness probe that did would restart
 *   every pod when the database is away.
 * - `/health/ready` says whether to send requests here: not while draining, not without the database. Redis costs
 *   speed only, so it has no say.
 * - `/health/detailed` is for people and uptime checks.
 */
export function healthRoutes(router: Router, options: { probes: Probes; drain: Drain }): void {
  const { probes, drain } = options;
  const now = () => new Date().toISOString();

  router.get('/health', (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { status: 'ok', timestamp: now() };
  });

  router.get('/health/ready', async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    const reason = drain.begun
      ? 'draining'
      : (await probes.database()) === 'ok'
        ? undefined
        : 'database unreachable';
    ctx.status = reason === undefined ? 200 : 503;
    ctx.body = {
      status: reason === undefined ? 'ok' : 'unavailable',
      ...(reason ? { reason } : {}),
      timestamp: now(),
    };
  });

  router.get('/health/detailed', async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    const [database, redis] = await Promise.all([probes.database(), probes.redis()]);
    const feed = probes.feed();
    const degraded = database === 'error' || redis === 'error';
    ctx.status = degraded ? 503 : 200;
    ctx.body = {
      status: degraded ? 'degraded' : 'ok',
      timestamp: now(),
      // The feed is named after what it is, so that simulated prices cannot pass for real ones.
      services: { database, redis, [feed.name]: feed.status },
      feed,
      draining: drain.begun,
    };
  });
}

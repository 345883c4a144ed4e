import type { Router } from '@koa/router';
import type { Drain } from '../http/drain.ts';
import type { Probes, ServiceStatus } from './probes.ts';

/**
 * What every server of the application answers to the kubelet.
 * - `/health` says that the process answers, and touches no dependency: a liveness probe that did would restart
 *   every pod when the database is away.
 * - `/health/ready` says whether to send requests here: not before the database answered once, so that a release with
 *   a wrong address never gets a request, and not while draining. A database that goes away later takes no pod out of
 *   service: all of them would go at once, and with them the prices that they still know.
 */
export function probeRoutes(
  router: Router,
  options: { database: () => Promise<ServiceStatus>; drain: Drain },
): void {
  const { database, drain } = options;
  let started = false;

  router.get('/health', (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { status: 'ok', timestamp: now() };
  });

  router.get('/health/ready', async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    started ||= (await database()) === 'ok';
    const reason = drain.begun ? 'draining' : started ? undefined : 'the database was not reached yet';
    ctx.status = reason === undefined ? 200 : 503;
    ctx.body = {
      status: reason === undefined ? 'ok' : 'unavailable',
      ...(reason ? { reason } : {}),
      timestamp: now(),
    };
  });
}

/** The API's probes, and `/health/detailed` for people and uptime checks. */
export function healthRoutes(router: Router, options: { probes: Probes; drain: Drain }): void {
  const { probes, drain } = options;
  probeRoutes(router, { database: probes.database, drain });

  router.get('/health/detailed', async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    const [database, redis, predictor] = await Promise.all([
      probes.database(),
      probes.redis(),
      probes.predictor?.(),
    ]);
    const feed = probes.feed();
    // Neither the feed nor the predictor is critical: prices are served without them.
    const degraded = database === 'error' || redis === 'error';
    ctx.status = degraded ? 503 : 200;
    ctx.body = {
      status: degraded ? 'degraded' : 'ok',
      timestamp: now(),
      // The feed is named after what it is, so that simulated prices cannot pass for real ones.
      services: { database, redis, [feed.name]: feed.status, ...(predictor ? { predictor } : {}) },
      feed,
      draining: drain.begun,
    };
  });
}

const now = () => new Date().toISOString();

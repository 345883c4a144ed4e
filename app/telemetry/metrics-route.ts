import type { Router } from '@koa/router';
import type { HttpMetrics } from './metrics.ts';

/** `/metrics` in Prometheus's text format, on the port of the server. */
export function metricsRoute(router: Router, metrics: HttpMetrics): void {
  router.get('/metrics', async (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.type = metrics.registry.contentType;
    ctx.body = await metrics.registry.metrics();
  });
}

import type { Router } from '@koa/router';
import { docsPage, docsPolicy } from './docs-page.ts';
import type { Endpoint } from './endpoint.ts';
import { openApiDocument } from './openapi.ts';
import { sendText } from './sent-answer.ts';

/** `/api/openapi.json` and `/api/docs`. Both are made when they are first asked for: a start does not wait for them. */
export function documentationRoutes(router: Router, endpoints: readonly Endpoint[], version: string): void {
  let made: { json: string; page: string } | undefined;
  const documentation = () => {
    if (made) return made;
    const document = openApiDocument(endpoints, version);
    made = { json: JSON.stringify(document), page: docsPage(document) };
    return made;
  };
  router.get(['/api/openapi.json', '/api/v1/openapi.json'], async (ctx) => {
    ctx.status = 200;
    ctx.set('Cache-Control', 'public, max-age=60');
    await sendText(ctx, documentation().json, 'application/json; charset=utf-8');
  });
  router.get(['/api/docs', '/api/v1/docs'], async (ctx) => {
    ctx.status = 200;
    ctx.set('Cache-Control', 'public, max-age=60');
    ctx.set('Content-Security-Policy', docsPolicy);
    await sendText(ctx, documentation().page, 'text/html; charset=utf-8');
  });
}

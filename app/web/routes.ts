import type { Router } from '@koa/router';
import type { Context } from 'koa';
import { sendText } from '../http/sent-answer.ts';
import { type PageFile, readPage } from './page.ts';

// Everything comes from here, and nothing in the page itself is run: neither script nor style.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The web page at `/` and its files under `/assets/`. Names do not change with the content: during a release either
 * revision may be asked for a file, and each has all of them. So a browser asks whether what it has still holds.
 */
export function webRoutes(router: Router): void {
  const files = readPage();

  const send = async (ctx: Context, file: PageFile) => {
    ctx.status = 200;
    ctx.set('Cache-Control', 'no-cache');
    ctx.set('Content-Security-Policy', POLICY);
    await sendText(ctx, file.content, file.type);
  };
  router.get('/', async (ctx) => {
    const page = files.get('index.html');
    if (page) await send(ctx, page);
  });
  router.get('/assets/:file', async (ctx) => {
    const file = files.get(ctx.params.file ?? '');
    if (file) await send(ctx, file);
  });
}

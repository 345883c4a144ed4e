import { randomInt } from 'node:crypto';
import type { Middleware } from 'koa';
import { runCommandLine } from '../../app/command-line.ts';
import { ConfigurationError } from '../../app/config.ts';
import { Problem } from '../../app/http/problem.ts';

/**
 * A bad release, to show and to test that it rolls back: the API as it is, except that a share of the requests to
 * /api fails. FAULT_SHARE is that share, 0 to 1. Probes stay green, as they do in the bad releases that hurt. FAULT_LEAK is how
 * many bytes it never lets go of for each request, 0 when left out.
 */
function faults(share: number, leak: number): Middleware {
  const kept: Buffer[] = [];
  return async (ctx, next) => {
    // Filled, because memory that was never written is not resident.
    if (leak > 0) kept.push(Buffer.alloc(leak, 1));
    if (ctx.path.startsWith('/api') && randomInt(1_000_000) < share * 1_000_000) {
      throw new Problem({ status: 500, kind: 'injected-fault', detail: 'This release fails on purpose.' });
    }
    await next();
  };
}

function readShare(): number {
  const found = process.env.FAULT_SHARE || '0.3';
  const share = Number(found);
  if (share >= 0 && share <= 1) return share;
  throw new ConfigurationError([
    `FAULT_SHARE: found ${JSON.stringify(found)}, expected a number from 0 to 1`,
  ]);
}

function readLeak(): number {
  const found = process.env.FAULT_LEAK || '0';
  const bytes = Number(found);
  if (Number.isInteger(bytes) && bytes >= 0) return bytes;
  throw new ConfigurationError([`FAULT_LEAK: found ${JSON.stringify(found)}, expected a number of bytes`]);
}

await runCommandLine(() => [faults(readShare(), readLeak())]);

import type { Router } from '@koa/router';

/**
 * The pattern of the route that a request is for, or 'unmatched'. It is asked of the router and not of the context, so that a
 * request that was answered before the router had its turn counts under its route as well.
 */
export function routePatternOf(router: Router): (method: string, path: string) => string {
  return (method, path) => {
    const pattern = router.match(path, method).pathAndMethod.at(-1)?.path;
    return typeof pattern === 'string' ? pattern : 'unmatched';
  };
}

import type { z } from 'zod';
import { Problem } from './problem.ts';

/** Checks a request's parameters. Throws a 400 Problem that names each wrong one. */
export function checkParameters<T extends z.ZodObject>(
  schema: T,
  found: Record<string, unknown>,
): z.output<T> {
  const parsed = schema.safeParse(found);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys')
      return [{ parameter: issue.path.join('.'), detail: issue.message }];
    const names = Object.keys(schema.shape).join(', ');
    const known = names === '' ? 'there are none' : `these are: ${names}`;
    return issue.keys.map((parameter) => ({ parameter, detail: `is not a parameter here; ${known}` }));
  });
  const first = errors[0];
  const detail = first ? `The parameter "${first.parameter}" ${first.detail}.` : 'A parameter is wrong.';
  throw new Problem({ status: 400, kind: 'wrong-parameter', detail, errors });
}

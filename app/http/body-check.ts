import type { z } from 'zod';
import { type Mistake, Problem } from './problem.ts';

const MOST_MISTAKES = 20;

/** Checks a JSON body. Throws a 400 Problem that names each wrong place by its JSON pointer. */
export function checkBody<T extends z.ZodType>(schema: T, found: unknown): z.output<T> {
  const parsed = schema.safeParse(found);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.slice(0, MOST_MISTAKES).flatMap((issue): Mistake[] => {
    if (issue.code !== 'unrecognized_keys')
      return [{ pointer: pointer(issue.path), detail: sentencePart(issue.message) }];
    return issue.keys
      .slice(0, MOST_MISTAKES)
      .map((key) => ({ pointer: pointer([...issue.path, key]), detail: 'is not known here' }));
  });
  const first = errors[0];
  const place =
    first && 'pointer' in first && first.pointer !== '' ? `"${first.pointer}" in the body` : 'The body';
  throw new Problem({
    status: 400,
    kind: 'wrong-body',
    detail: `${place} ${first?.detail ?? 'is wrong'}.`,
    errors,
  });
}

/** RFC 6901. */
const pointer = (path: readonly PropertyKey[]) =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Schemas of ours say "must be ..."; the library's own messages are whole sentences, which stand behind a colon. */
const sentencePart = (message: string) =>
  /^(must|is|has) /.test(message) ? message : `is wrong: ${message}`;

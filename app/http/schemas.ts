import { z } from 'zod';

/**
 * Schemas for parameters, which arrive as text. What a schema's `openapi` says stands in the document in place of what
 * could be derived: a client sends a number, and not "text that matches \d+".
 */

/** A whole number in a query string. */
export function wholeNumber(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`;
  return z
    .string({ error: 'must be given once' })
    .regex(/^\d{1,12}$/, { error })
    .transform(Number)
    .refine((number) => number >= least && number <= most, { error })
    .meta({ openapi: { type: 'integer', minimum: least, maximum: most } });
}

/** A moment in a query string, between 1970 and 2100: RFC 3339 with an offset. */
export function moment() {
  return z.iso
    .datetime({ offset: true, error: 'must be a time such as 2026-01-31T12:00:00Z' })
    .transform((text) => new Date(text))
    .refine((date) => date.getTime() >= 0, { error: 'must not be before 1970' })
    .refine((date) => date.getTime() < Date.UTC(2100, 0), { error: 'must not be after 2099' })
    .meta({ openapi: { type: 'string', format: 'date-time', examples: ['2026-01-31T12:00:00Z'] } });
}

/** An amount as text: it never passes through a float. */
export const decimal = z
  .string()
  .regex(/^\d+(\.\d+)?$/)
  .meta({ examples: ['65000.123456'] });

/** A moment in an answer. */
export const timestamp = z.string().meta({ format: 'date-time' });

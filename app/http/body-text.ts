import { z } from 'zod';

// The database takes no NUL, and a name with a line break or a bell in it is a mistake of whoever sent it.
const CONTROL = /\p{Cc}/u;

/** A name that a person gives to something: 1 to 100 characters of one line. */
export const nameSchema = z
  .string({ error: 'must be a text' })
  .trim()
  .min(1, { error: 'must not be empty' })
  .max(100, { error: 'must have at most 100 characters' })
  .refine((text) => !CONTROL.test(text), { error: 'must not have control characters' });

/** An id as an answer had it. */
export const idSchema = z.uuid({ error: 'must be an id as the API gave it' });

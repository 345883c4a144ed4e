import { z } from 'zod';

/** An e-mail address, in lower case: nobody has two accounts by writing it in another way. */
export const emailSchema = z
  .string({ error: 'must be a text' })
  .trim()
  .toLowerCase()
  .max(254, { error: 'must have at most 254 characters' })
  .pipe(z.email({ error: 'must be an e-mail address, such as ada@example.com' }));

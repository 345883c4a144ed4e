import { z } from 'zod';
import { plans } from '../http/user.ts';

/** Who makes a request, as far as every route needs it: a `User` with an address. */
export const identitySchema = z.object({ id: z.string(), email: z.string(), plan: z.enum(plans) });
export type Identity = z.output<typeof identitySchema>;

import { z } from 'zod';

const member = z
  .object({
    name: z.string().max(253).describe('Name of its pod.'),
    role: z
      .enum(['primary', 'replica'])
      .describe('Whether it takes writes; absent until it has said so.')
      .optional(),
    state: z
      .string()
      .max(63)
      .describe(
        "What its PostgreSQL does, in Patroni's words: running, starting, stopped; leaving: its pod is being deleted; unknown: it has not said yet.",
      ),
    ready: z.boolean().describe('Whether its pod is ready.'),
    timeline: z.int().describe('Timeline of its log; one more after each change of the primary.').optional(),
    lagBytes: z
      .int()
      .min(0)
      .describe(
        'Bytes of the log that a replica does not have yet: 0 for less than 16 MiB, which counts as in step, beyond that rounded down to 16 MiB times a power of two. The exact figure is a metric.',
      )
      .optional(),
  })
  .describe('A member of the database.');

const login = z
  .object({
    asked: z.string().max(63).describe('The word of the annotation that asked for it.'),
    phase: z
      .enum(['waiting', 'prepared', 'switched', 'retired'])
      .describe(
        'waiting: it has not begun; prepared: a second login is made known; switched: the new one is used; retired: the former one is taken away.',
      ),
    since: z.string().meta({ format: 'date-time' }).describe('Since when.'),
    message: z.string().max(1024).describe('How it stands and what it waits for, in a sentence.'),
    rotatedAt: z
      .string()
      .meta({ format: 'date-time' })
      .describe('When a rotation last came to its end: the former login was not valid any more.')
      .optional(),
  })
  .describe("The last rotation of the application's login.");

export const databaseStatus = z
  .object({
    login: login.optional(),
    members: z
      .array(member)
      // An apply leaves out an empty list of this type, so it cannot be asked for.
      .min(1)
      .max(3)
      .describe('Its members, in the order of their numbers; absent while none says anything.')
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .optional(),
    tls: z
      .boolean()
      .describe(
        'Whether connections to PostgreSQL are encrypted, verify its certificate, and are refused otherwise: from the beginning, or since every member has served TLS once.',
      )
      .optional(),
  })
  .describe('How the database stands, as its members say.');

import { z } from 'zod';
import { target } from './spec/backup.ts';
import { objectName, rules } from './spec/forms.ts';
import { conditions, time } from './status.ts';
import { API_VERSION, RESTORE_KIND } from './well-known.ts';

const spec = z
  .object({
    environment: objectName().describe('Name of the environment, in the same namespace.'),
    mode: z
      .enum(['drill', 'inPlace'])
      .describe(
        'drill: into a scratch database that is thrown away; inPlace: over the data of the environment.',
      ),
    target: target.optional(),
    confirm: z
      .string()
      .max(63)
      .describe('With mode inPlace, the name of the environment once more: its data is replaced.')
      .optional(),
  })
  .describe('What is to be restored, and where. A new environment is made from backups by its spec.recovery.')
  .meta(
    rules(
      { rule: 'self == oldSelf', message: 'a restore cannot be changed: make another one' },
      {
        rule: "self.mode != 'inPlace' || (has(self.confirm) && self.confirm == self.environment)",
        message:
          'mode inPlace replaces the data of the environment: write its name in spec.confirm, too, if that is what you want',
      },
    ),
  );

const status = z
  .object({
    observedGeneration: z.int().describe('Generation of the spec that this status is about.').optional(),
    conditions: conditions().optional(),
    startedAt: time('When it began.').optional(),
    completedAt: time('When the restored database answered.').optional(),
    recoveryPoint: time('Moment of the newest data that was restored.').optional(),
    rtoSeconds: z
      .int()
      .min(0)
      .describe('How long it took until the database answered, in seconds.')
      .optional(),
    rpoSeconds: z.int().min(0).describe('How much was lost before the target, in seconds.').optional(),
  })
  .describe('What became of it.');

export const restoreSchema = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(RESTORE_KIND),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
  spec,
  status: status.optional(),
});

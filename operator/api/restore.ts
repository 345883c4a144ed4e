import { z } from 'zod';
import { STEPS } from '../restore/view.ts';
import { target } from './spec/backup.ts';
import { objectName, rules } from './spec/forms.ts';
import { conditions, text, time } from './status.ts';
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
    withoutSafetyBackup: z
      .boolean()
      .describe(
        'With mode inPlace: no backup is taken of what is replaced. What was written since the newest backup may be lost then: for a database of which no backup can be taken any more.',
      )
      .optional(),
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
        rule: "self.mode == 'inPlace' || !has(self.withoutSafetyBackup)",
        message: 'withoutSafetyBackup is for mode inPlace: a drill replaces nothing',
      },
      {
        rule: "self.mode != 'inPlace' || (has(self.confirm) && self.confirm == self.environment)",
        message:
          'mode inPlace replaces the data of the environment: write its name in spec.confirm, too, if that is what you want',
      },
    ),
  );

const seconds = (description: string) => z.int().min(0).describe(`${description}, in seconds.`);

const report = z
  .object({
    bytes: z.int().min(0).describe('Size of the restored databases.'),
    tables: z.int().min(0).describe('Tables in them.'),
    rows: z.int().min(0).describe('Rows in these tables.'),
    newestRow: time('Time of the newest price.').optional(),
    restoreSeconds: seconds('How long the files took'),
    replaySeconds: seconds('How long the log took until the database answered'),
    checkSeconds: seconds('How long every page was checked'),
  })
  .describe('What was found in the restored database.');

const status = z
  .object({
    observedGeneration: z.int().describe('Generation of the spec that this status is about.').optional(),
    conditions: conditions().optional(),
    startedAt: time('When it began.').optional(),
    completedAt: time('When it was over: restored and checked, or given up.').optional(),
    step: z
      .enum(STEPS)
      .describe(
        'Of a restore in place, what is done now or was done last: the target looked up, a backup of what is replaced, PgBouncer and the database stopped, the data restored beside the former, the members started on it.',
      )
      .optional(),
    safetyBackup: text.describe('The CryptoSenseBackup of what was replaced.').optional(),
    archive: text.describe('The archive that the restored database writes to.').optional(),
    backup: text.describe('Name of the backup in the repository that it began with.').optional(),
    stanza: text.describe('The archive that it was restored from.').optional(),
    recoveryPoint: time('Moment of the newest data that was restored.').optional(),
    rtoSeconds: seconds('From startedAt until the restored database answered').optional(),
    rpoSeconds: seconds(
      'How far before the target its newest transaction is (of the newest state: before startedAt)',
    ).optional(),
    report: report.optional(),
  })
  .describe(
    'What became of it. Accepted says whether the target can be reached, Completed that the restored database answered and is whole, Stalled that it never will, Reconciling that it is under way.',
  );

export const restoreSchema = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(RESTORE_KIND),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
  spec,
  status: status.optional(),
});

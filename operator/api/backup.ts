import { z } from 'zod';
import { objectName, rules } from './spec/forms.ts';
import { conditions, text, time } from './status.ts';
import { API_VERSION, BACKUP_KIND } from './well-known.ts';

/** What is asked for cannot change afterwards: the backup was taken as it was asked for. */
const spec = z
  .object({
    environment: objectName().describe('Name of the environment, in the same namespace.'),
    type: z
      .enum(['full', 'dump'])
      .describe(
        'full: every file of the database, with its log (pgBackRest); dump: portable SQL (pg_dump). full when absent.',
      )
      .optional(),
  })
  .describe('What is to be backed up.')
  .meta(rules({ rule: 'self == oldSelf', message: 'a backup cannot be changed: make another one' }));

const status = z
  .object({
    observedGeneration: z.int().describe('Generation of the spec that this status is about.').optional(),
    conditions: conditions().optional(),
    startedAt: time('When it began.').optional(),
    completedAt: time('When it was complete in the bucket.').optional(),
    verifiedAt: time('When a restore of it had started and answered.').optional(),
    durationSeconds: z.number().min(0).describe('How long it took, without its verification.').optional(),
    sizeBytes: z.int().min(0).describe('Size in the bucket.').optional(),
    stanza: text.describe('Archive of the repository that it is in (full).').optional(),
    key: text.describe('Key of the object in the bucket (dump).').optional(),
    label: text.describe('Name of the backup in the repository.').optional(),
    walStart: z.string().max(24).describe('First segment of the log that it needs.').optional(),
    walStop: z.string().max(24).describe('Last segment of the log that it needs.').optional(),
    recoveryPoint: time('Moment of the newest data in it.').optional(),
    restorePoint: z
      .object({
        name: z.string().min(1).max(63).describe('Its name, as recovery.target.name takes it.').optional(),
        time: time('The moment to which it leads back.'),
        archived: z
          .boolean()
          .describe('Whether the whole log up to it is in the repository, so that a restore reaches it.'),
      })
      .describe('The newest restore point that a restore of this backup can go to with the archived log.')
      .optional(),
  })
  .describe(
    'What became of it. Completed says that it is in the bucket, Verified that a restore of it works.',
  );

export const backupSchema = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(BACKUP_KIND),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
  spec,
  status: status.optional(),
});

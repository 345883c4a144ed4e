import { z } from 'zod';
import { DURATION, duration, notZero } from './forms.ts';

const LONGEST = '24h';

/** How the migrations of a release are carried out. None of it is part of the release: a change starts no rollout. */
export const migration = z
  .object({
    gate: z
      .enum(['verified', 'full', 'none'])
      .describe(
        'Which backup there has to be before a migration begins. verified: a full one of the last 26 hours of which a restore has answered, with a restore point whose log is archived; full: such a one that was begun after the release was asked for; none: no backup. A release without pending migrations waits for none.',
      )
      .optional(),
    irreversible: z
      .boolean()
      .describe(
        'True says that the release before cannot serve alone any more once the migration of this one has run: when it fails after that it is frozen, not rolled back. Migration files marked irreversible say the same.',
      )
      .optional(),
    contract: z
      .enum(['automatic', 'manual'])
      .describe(
        'When migrations marked contract run, which take away what former releases need. automatic: when the release has served for rollout.rollbackWindow; manual: when the annotation cryptosense.io/contract asks for it.',
      )
      .optional(),
    deadline: duration(
      notZero('a migration needs time: write for example 15m for release.migration.deadline'),
      {
        rule: `!self.matches(r'${DURATION.source}') || duration(self) <= duration('${LONGEST}')`,
        message: `release.migration.deadline is at most ${LONGEST}: split a migration that needs longer`,
      },
    )
      .describe('How long a migration may run, its repetitions included.')
      .optional(),
  })
  .describe('How the migrations of the release are carried out. A changed field here starts no rollout.');

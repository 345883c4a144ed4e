import { z } from 'zod';
import { cron, DURATION, duration, form, objectName, rules, timeOfDay } from './forms.ts';

const retention = z
  .object({
    daily: z.int().min(1).max(90).describe('Newest backups of so many days are kept.').optional(),
    weekly: z.int().min(0).max(52).describe('And the newest of so many weeks.').optional(),
    monthly: z.int().min(0).max(120).describe('And the newest of so many months.').optional(),
  })
  .describe('Which backups are kept.');

const bucket = z
  .object({
    endpoint: form(
      /^https:[/][/][a-z0-9.-]+(:[0-9]{1,5})?$/,
      'the endpoint of a bucket is written as https://s3.eu-central-1.amazonaws.com: backups only go over HTTPS',
      253,
    ).describe('Address of the S3-compatible storage, for example https://s3.eu-central-1.amazonaws.com.'),
    region: z.string().min(1).max(63).describe('Region of the bucket; us-east-1 when absent.').optional(),
    name: form(
      /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
      'a bucket has 3 to 63 lower-case letters, digits, dots and hyphens',
      63,
    ).describe('Name of the bucket. It has to keep versions.'),
    prefix: form(
      /^[A-Za-z0-9_-][A-Za-z0-9_.-]*([/][A-Za-z0-9_-][A-Za-z0-9_.-]*)*$/,
      'a prefix is a path without slashes at its ends, for example cryptosense/production',
      253,
    )
      .describe('Path in the bucket; namespace/name of the environment when absent.')
      .optional(),
    credentialsSecret: objectName().describe('Secret with the keys access-key-id and secret-access-key.'),
    caSecret: objectName()
      .describe('Secret with ca.crt, when the storage has a certificate of its own.')
      .optional(),
  })
  .describe('Where backups are.');

export const backup = z
  .object({
    enabled: z.boolean().describe('Whether backups are taken.').optional(),
    schedule: cron('When full backups are taken, as a cron schedule in UTC.').optional(),
    bucket: bucket.optional(),
    encryptionSecret: objectName()
      .describe(
        'Secret with the key passphrase, which encrypts backups (AES-256). Without it nothing can be restored: keep a copy.',
      )
      .optional(),
    retention: retention.optional(),
    drillSchedule: cron('When a restore is rehearsed, as a cron schedule in UTC.').optional(),
  })
  .describe('Backups of the database to S3-compatible storage.')
  .meta(
    rules({
      rule: '!has(self.enabled) || !self.enabled || (has(self.bucket) && has(self.encryptionSecret))',
      message: 'backup.enabled needs backup.bucket and backup.encryptionSecret',
    }),
  );

export const target = z
  .object({
    backup: objectName().describe('Name of a backup.').optional(),
    time: z
      .string()
      .max(32)
      .meta({ format: 'date-time' })
      .describe('The last moment that is kept.')
      .optional(),
    lsn: form(/^[0-9A-F]{1,8}[/][0-9A-F]{1,8}$/, 'an LSN is written as 16/B374D848', 17)
      .describe('A position in the write-ahead log.')
      .optional(),
    name: z.string().min(1).max(63).describe('A named restore point.').optional(),
  })
  .describe('Up to where: a backup, a time, an LSN or a named point; the newest state when none is given.')
  .meta(
    rules({
      rule: '[has(self.backup), has(self.time), has(self.lsn), has(self.name)].filter(x, x).size() <= 1',
      message: 'a target is one of backup, time, lsn and name',
    }),
  );

export const recovery = z
  .object({
    bucket,
    encryptionSecret: objectName().describe('Secret with the key passphrase of these backups.'),
    target: target.optional(),
  })
  .describe('The backups that the database of a new environment is made from. It cannot be changed.')
  .meta(
    rules({
      rule: 'self == oldSelf',
      message: 'spec.recovery is for the birth of an environment: it cannot be changed',
    }),
  );

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

export const maintenance = z
  .object({
    window: z
      .object({
        days: z
          .array(z.enum(WEEKDAYS).describe('A day of the week, in UTC.'))
          .max(7)
          .describe('Days on which it opens.')
          .meta({
            'x-kubernetes-list-type': 'set',
            ...rules({
              rule: 'self.size() > 0',
              message: 'a maintenance window without a day never opens: name one, for example Sunday',
            }),
          })
          .optional(),
        start: timeOfDay().describe('When it opens, for example 03:00 (UTC).').optional(),
        duration: duration({
          rule: `!self.matches(r'${DURATION.source}') || (duration(self) >= duration('15m') && duration(self) <= duration('24h'))`,
          message: 'a maintenance window is open for 15m to 24h: with less, nothing could be finished in it',
        })
          .describe('How long it is open, for example 1h.')
          .optional(),
      })
      .describe(
        'When components may be restarted for reasons that can wait, such as a new version of the operator.',
      )
      .optional(),
  })
  .describe('When the operator may do what interrupts.');

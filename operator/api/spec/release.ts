import { z } from 'zod';
import { image, resources, rules, timeOfDay } from './forms.ts';
import { migration } from './migration.ts';

export const release = z
  .object({
    image: image({
      rule: "self.contains('@sha256:') || (self.substring(self.lastIndexOf('/') + 1).contains(':') && !self.endsWith(':latest'))",
      message:
        'a release needs an image that stays what it is: name a tag other than latest, or a digest (…@sha256:…)',
    }).describe('Image of the API, for example cryptosense-api:1.0.0; production pins a digest.'),
    config: z
      .record(z.string(), z.string().max(4096))
      .describe('Environment variables of the API, released and rolled back together with the image.')
      .meta({
        maxProperties: 64,
        ...rules(
          {
            rule: "self.all(k, k.matches('^[A-Z][A-Z0-9_]{0,63}$'))",
            message: 'a configuration key is an environment variable in upper case, for example LOG_LEVEL',
          },
          {
            rule: "!self.exists(k, k in ['DATABASE_URL', 'REDIS_URL', 'MIGRATION_DATABASE_URL', 'DATABASE_URL_FILE', 'REDIS_URL_FILE', 'MIGRATION_DATABASE_URL_FILE'])",
            message:
              'DATABASE_URL, REDIS_URL and MIGRATION_DATABASE_URL (and their _FILE forms) are secrets that the operator makes: leave them out',
          },
          {
            rule: "!('PORT' in self)",
            message:
              'the API always listens on port 3000, where its Service and its probes look for it: leave PORT out',
          },
        ),
      })
      .optional(),
    migration: migration.optional(),
  })
  .describe('What is released. A changed image or configuration starts a rollout.');

export const api = z
  .object({ resources: resources.optional() })
  .describe('The API pods. A changed field here starts a rollout.');

const quietHours = z
  .object({
    start: timeOfDay().describe('When they begin, for example 02:00 (UTC).'),
    end: timeOfDay().describe('When they end, for example 06:00 (UTC); before start, it is on the next day.'),
    minReplicas: z
      .int()
      .min(1)
      .max(100)
      .describe('The floor of the autoscaler in these hours; at least 2 in tier production.'),
  })
  .describe('Hours of every day with few requests, in which the API may have fewer pods.')
  .meta(
    rules({
      rule: 'self.start != self.end',
      message:
        'quiet hours that start and end at the same time never begin: write for example 02:00 and 06:00',
    }),
  );

export const autoscaling = z
  .object({
    minReplicas: z.int().min(1).max(100).describe('The API never has fewer pods than this.').optional(),
    maxReplicas: z.int().min(1).max(100).describe('The API never has more pods than this.').optional(),
    cpuUtilization: z
      .int()
      .min(10)
      .max(95)
      .describe('Average CPU, in percent of what is requested, above which pods are added.')
      .optional(),
    requestsPerMinute: z
      .int()
      .min(1)
      .max(1000000)
      .describe(
        'Requests a minute and pod above which pods are added, where the cluster serves custom.metrics.k8s.io; status says whether it does.',
      )
      .optional(),
    quietHours: quietHours.optional(),
  })
  .describe('The HorizontalPodAutoscaler of the API.')
  .meta(
    rules(
      {
        rule: '!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas',
        message: 'autoscaling.minReplicas cannot be above autoscaling.maxReplicas',
      },
      {
        rule: '!has(self.quietHours) || !has(self.minReplicas) || self.quietHours.minReplicas <= self.minReplicas',
        message:
          'autoscaling.quietHours.minReplicas cannot be above autoscaling.minReplicas: quiet hours only lower the floor',
      },
    ),
  );

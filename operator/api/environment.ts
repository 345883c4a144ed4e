import { z } from 'zod';
import { backup, maintenance, recovery } from './spec/backup.ts';
import { cache, database, pooler, predictor } from './spec/components.ts';
import { rules } from './spec/forms.ts';
import { notifications } from './spec/notifications.ts';
import { api, autoscaling, release } from './spec/release.ts';
import { rollout } from './spec/rollout.ts';
import { images, network, observability, routing, scheduling } from './spec/surroundings.ts';
import { statusSchema } from './status.ts';
import { API_VERSION, KIND } from './well-known.ts';

/**
 * The one schema of CryptoSenseEnvironment: the TypeScript types, the defaults of each tier
 * (tiers.ts) and the CRD (generate.ts) all come from here. A `description` is what
 * `kubectl explain` prints. CEL rules go through `.meta()`, because zod's refinements cannot
 * be written into a CRD.
 */
export const specSchema = z
  .object({
    tier: z
      .enum(['local', 'development', 'staging', 'production'])
      .describe('Picks the defaults of every other field. It cannot be changed.')
      .meta(
        rules({ rule: 'self == oldSelf', message: 'the tier cannot be changed: make a new environment' }),
      ),
    replicas: z
      .int()
      .min(0)
      .max(100)
      .describe('Number of API pods. Leave it out: the autoscaler writes it through the scale subresource.')
      .optional(),
    release,
    rollout: rollout.optional(),
    api: api.optional(),
    autoscaling: autoscaling.optional(),
    database: database.optional(),
    pooler: pooler.optional(),
    cache: cache.optional(),
    predictor: predictor.optional(),
    routing: routing.optional(),
    backup: backup.optional(),
    recovery: recovery.optional(),
    maintenance: maintenance.optional(),
    observability: observability.optional(),
    notifications: notifications.optional(),
    network: network.optional(),
    scheduling: scheduling.optional(),
    images: images.optional(),
    deletionProtection: z
      .boolean()
      .describe(
        'Whether the environment and its namespace cannot be deleted until this is false; true in tier production.',
      )
      .optional(),
    paused: z
      .boolean()
      .describe('While true, the operator changes nothing; status is kept up to date.')
      .optional(),
  })
  .describe('What the environment has to be. Every field but tier and release.image has a default.')
  .meta(
    rules(
      {
        rule: 'has(self.recovery) == has(oldSelf.recovery)',
        message: 'spec.recovery is for the birth of an environment: it cannot be added or taken away later',
      },
      {
        rule: "self.tier != 'production' || !has(self.autoscaling) || !has(self.autoscaling.quietHours) || self.autoscaling.quietHours.minReplicas >= 2",
        message:
          'in tier production quiet hours never go below 2 pods: set autoscaling.quietHours.minReplicas to 2 or more',
      },
    ),
  );

export const environmentSchema = z
  .object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal(KIND),
    metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
    spec: specSchema,
    status: statusSchema.optional(),
  })
  .meta(
    rules({
      rule: "self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
      message:
        'the name of an environment has at most 40 characters (lower-case letters, digits, hyphens) and starts with a letter: it is the beginning of the names of Services',
    }),
  );

export type EnvironmentSpec = z.infer<typeof specSchema>;
export type Tier = EnvironmentSpec['tier'];

import { z } from 'zod';
import { NOTIFICATION_KINDS, SEVERITIES } from './spec/notifications.ts';
import { databaseStatus } from './status-database.ts';

export const text = z.string().max(1024);

export function time(description: string) {
  return z.string().meta({ format: 'date-time' }).describe(description);
}

const condition = z
  .object({
    type: z.string().max(64).describe('The aspect: Ready, Reconciling, Stalled, or a component.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('Whether it is so.'),
    observedGeneration: z.int().describe('Generation of the spec that this is about.').optional(),
    lastTransitionTime: time('When status last changed.'),
    reason: z.string().max(128).describe('One word in CamelCase for machines.'),
    message: z.string().max(2048).describe('A sentence for people.'),
  })
  .describe('One aspect of the state.');

export function conditions() {
  return z
    .array(condition)
    .max(32)
    .describe('The state, one aspect an entry.')
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] });
}

const revision = z.object({
  revision: z.string().max(16).describe('Hash of the inputs of the release.'),
  number: z.int().describe('Counts the releases of this environment, from 1.'),
  image: z.string().max(500).describe('Image of the release.'),
});

const verdict = z.enum(['pass', 'fail', 'inconclusive', 'error']);

const measurement = z
  .object({
    at: time('When the pods were asked.'),
    verdict: verdict.describe('inconclusive: too few requests; error: the pods could not be asked.'),
    requests: z.int().describe('Requests that the candidate has answered.'),
    errors: z.int().describe('How many of these answers were 5xx.'),
    message: text.describe('The verdict as a sentence.'),
  })
  .describe('One look at the candidate.');

const metricRun = z
  .object({
    name: z.string().max(63).describe('Name of the metric.'),
    verdict: verdict.describe('What the last measurement said; absent before the first one.').optional(),
    message: text.describe('The verdict as a sentence.'),
    count: z.int().describe('Measurements that said pass or fail.'),
    failures: z.int().describe('How many of them said fail.'),
    errors: z.int().describe('Measurements in a row that could not be made.'),
    inconclusive: z.int().describe('Measurements that had an answer that says neither.'),
    at: time('When it was measured last.').optional(),
    sample: z
      .object({
        requests: z.number().describe('Requests that the candidate has answered since the analysis began.'),
        bad: z.number().describe('How many of them were errors, or too slow.'),
        stableRequests: z.number().describe('The same of the stable release, in the same time.').optional(),
        stableBad: z.number().describe('How many of them were errors, or too slow.').optional(),
        evidence: z
          .number()
          .describe('How much speaks for the candidate being worse: natural logarithm of an e-value.')
          .optional(),
      })
      .describe('What a verdict from requests is made of.')
      .optional(),
  })
  .describe('One metric of an analysis.');

const analysisRun = z
  .object({
    id: z
      .string()
      .max(32)
      .describe('Where it belongs: background, step-<number>, prePromotion or postPromotion.'),
    startedAt: time('When it began.'),
    metrics: z
      .array(metricRun)
      .max(12)
      .describe('How each metric stands.')
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
    verdict: verdict.describe('How it ended; absent while it runs.').optional(),
    message: text.describe('How it stands, and why, as a sentence.'),
    finishedAt: time('When it ended.').optional(),
  })
  .describe('One analysis of the candidate.');

const notification = z
  .object({
    id: z
      .string()
      .max(32)
      .describe('Names the message for good: X-CryptoSense-Delivery has it at every try.'),
    at: time('When it happened.'),
    kind: z.enum(NOTIFICATION_KINDS).describe('What happened.'),
    severity: z.enum(SEVERITIES).describe('Whether somebody should look.'),
    reason: z.string().max(128).describe('One word in CamelCase for machines.'),
    message: z.string().max(512).describe('A sentence for people.'),
    release: revision.describe('The release that it is about.').optional(),
    waiting: z
      .array(z.string().max(253).describe('Name of a receiver.'))
      .max(8)
      .describe('Receivers that have not got it yet.')
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional(),
  })
  .describe('A message.');

function backupMark(description: string) {
  return z
    .object({
      name: z.string().max(253).describe('Name of the CryptoSenseBackup.'),
      at: time('When it was complete.'),
    })
    .describe(description);
}

export const statusSchema = z
  .object({
    observedGeneration: z.int().describe('Generation of the spec that this status is about.').optional(),
    conditions: conditions().optional(),
    summary: text.describe('What the environment is doing, in one line.').optional(),
    replicas: z.int().describe('Pods of the stable release.').optional(),
    readyReplicas: z.int().describe('Ready pods of the stable release.').optional(),
    selector: text.describe('Selects the pods of the stable release, for the autoscaler.').optional(),
    stable: revision
      .extend({ since: time('When it was promoted: rollout.rollbackWindow begins then.').optional() })
      .describe('The release that serves.')
      .optional(),
    candidate: revision
      .extend({
        strategy: z.enum(['canary', 'blueGreen', 'rolling']).describe('How it takes over.').optional(),
        step: z.int().describe('Index of the step that is carried out, from 0.'),
        steps: z.int().describe('Number of steps.'),
        startedAt: time('When the candidate was created.'),
        stepStartedAt: time('When the step became effective.').optional(),
        waitingSince: z
          .string()
          .meta({ format: 'date-time' })
          .describe('Since when it has fewer ready pods than it needs.')
          .optional(),
        weight: z.int().describe('Percentage of requests that the router has confirmed for the candidate.'),
        plan: z
          .string()
          .max(16)
          .describe('Hash of the steps that the index is one of: they may be edited on the way.')
          .optional(),
        keptWeight: z
          .int()
          .describe('Percentage that holds until the next step with a weight, after the steps were edited.')
          .optional(),
        full: z
          .boolean()
          .describe(
            'Goes to its end without pauses and analyses: promoted so, or a return to a known release.',
          )
          .optional(),
        arrived: z.boolean().describe('Its step has had all its pods and its route.').optional(),
        heldSince: time('Since when it is held by the command pause.').optional(),
        replicas: z.int().describe('Pods that the candidate should have now.'),
        readyReplicas: z.int().describe('How many of them are ready.'),
        measurements: z
          .array(measurement)
          .max(10)
          .describe('The last measurements, oldest first.')
          .optional(),
        analyses: z
          .array(analysisRun)
          .max(4)
          .describe('Its analyses, oldest first.')
          .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['id'] })
          .optional(),
        gate: z
          .object({
            since: time('Since when.'),
            message: text.describe('What is missing, and what can be done.'),
          })
          .describe('What its migration waits for.')
          .optional(),
        frozen: z
          .object({
            reason: z.string().max(128).describe('One word in CamelCase for machines.'),
            message: text.describe('Why it failed.'),
            at: time('When it was frozen.'),
          })
          .describe(
            'It has failed after a migration that cannot be undone, and keeps the weight that it has.',
          )
          .optional(),
      })
      .describe('The release that is being tried.')
      .optional(),
    rejected: revision
      .extend({
        reason: z.string().max(128).describe('One word in CamelCase for machines.'),
        message: text.describe('Why it was rolled back, as a sentence.'),
        at: time('When it was rolled back.'),
      })
      .describe('The last release that was rolled back. It is not tried again until its inputs change.')
      .optional(),
    retired: z
      .array(
        z
          .object({
            revision: z.string().max(16).describe('Hash of the inputs of the release.'),
            since: time('When it got its last request.'),
            gradual: z
              .boolean()
              .describe('It gives its requests back only as fast as the stable release gets pods for them.')
              .optional(),
            connected: z
              .boolean()
              .describe(
                'Clients may hold connections to its pods, which only end with these: they go without the delay.',
              )
              .optional(),
          })
          .describe('A release whose pods go soon.'),
      )
      .max(10)
      .describe('Releases that get no requests any more and are kept for rollout.scaleDownDelay.')
      .optional(),
    deployingSince: time('Since when the first release is being deployed.').optional(),
    undone: revision
      .extend({
        spec: z.string().max(16).describe('Revision that the spec asks for, and that is not used.'),
        at: time('When it was asked for.'),
      })
      .describe(
        'The release that the command undo went back to; it holds until the spec asks for another release.',
      )
      .optional(),
    history: z
      .array(
        revision
          .extend({
            promotedAt: time('When it began to serve.'),
            replacedAt: time('When another release took over.').optional(),
            failed: z.boolean().describe('It was sent back after it had taken over.').optional(),
          })
          .describe('A release that serves or has served.'),
      )
      .max(21)
      .describe('The releases that served, oldest first.')
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional(),
    restarts: z
      .array(
        z
          .object({
            revision: z.string().max(16).describe('Hash of the inputs of the release.'),
            at: time('When it was asked for.'),
          })
          .describe('A restart of the pods of a release.'),
      )
      .max(10)
      .describe('Restarts that were asked for by command.')
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional(),
    commands: z
      .array(
        z
          .object({
            verb: z.string().max(32).describe('What was asked for.'),
            target: z.string().max(64).describe('The release that it names, as <number>-<revision>.'),
          })
          .describe('A command that is carried out.'),
      )
      .max(10)
      .describe('Commands that are carried out, and whose annotations are about to be removed.')
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional(),
    lastCommand: z
      .object({
        verb: z.string().max(32).describe('What was asked for.'),
        target: z.string().max(64).describe('The release that it named, as <number>-<revision>.'),
        at: time('When it was seen.'),
        by: z.string().max(253).describe('Who asked, as the API server attests.').optional(),
        accepted: z.boolean().describe('Whether it was carried out.'),
        message: text.describe('What was done, or why nothing was.'),
      })
      .describe('The newest command.')
      .optional(),
    endpoint: text.describe('Where the API answers.').optional(),
    endpoints: z
      .object({
        pooler: text.describe('PgBouncer, for programs of this cluster: host:port.'),
        database: text.describe('PostgreSQL itself, for migrations and administration: host:port.'),
        cache: text.describe('Redis: host:port.'),
        credentials: text.describe('Secret with the logins.'),
      })
      .describe('Where the components answer inside the cluster.')
      .optional(),
    components: z
      .array(
        z
          .object({
            name: z.string().max(63).describe('Name of the component.'),
            image: z.string().max(500).describe('Image that it runs, or is being brought to.').optional(),
            pods: z.int().describe('Pods that it should have.'),
            readyPods: z.int().describe('Pods that are ready.'),
          })
          .describe('A component besides the API.'),
      )
      .max(16)
      .describe('What the environment is made of.')
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .optional(),
    waitingFor: z
      .array(
        z
          .object({
            what: text.describe('What it is, and what can be done, in a sentence.'),
            since: time('Since when.'),
          })
          .describe('One thing that is waited for.'),
      )
      .max(16)
      .describe('What the operator waits for, the most important first.')
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional(),
    notifications: z
      .array(notification)
      .max(32)
      .describe('Messages that wait for a receiver, and the last ones that do not any more; oldest first.')
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional(),
    database: databaseStatus.optional(),
    backup: z
      .object({
        stanza: z.string().max(300).describe('Archive that the log goes to; one more after every restore.'),
        restored: z
          .string()
          .max(63)
          .describe('Names the restore in place that the data is of; members start on no other.')
          .optional(),
        newest: backupMark('The newest backup that is complete.').optional(),
        verified: backupMark('The newest full backup of which a restore has worked.').optional(),
        next: time('When the next one is due.').optional(),
        lastDrill: z
          .object({
            name: z.string().max(253).describe('Name of its CryptoSenseRestore.'),
            time: time('When it was over.'),
            rtoSeconds: z.int().min(0).describe('Seconds until the restored database answered.'),
            rpoSeconds: z.int().min(0).describe('Seconds that its newest transaction was behind.'),
          })
          .describe('The last restore into scratch space that came to a good end.')
          .optional(),
      })
      .describe('How backups stand; of each one there is a CryptoSenseBackup.')
      .optional(),
    pausedSince: time('Since when spec.paused holds: releases do not age in this time.').optional(),
    operatorVersion: text.describe('Version of the operator that wrote this status.').optional(),
  })
  .describe('What the operator has seen and done.');

export type EnvironmentStatus = z.infer<typeof statusSchema>;
export type Condition = z.infer<typeof condition>;
export type Measurement = z.infer<typeof measurement>;
export type AnalysisRun = z.infer<typeof analysisRun>;
export type MetricRun = z.infer<typeof metricRun>;
export type Sample = NonNullable<MetricRun['sample']>;
export type Verdict = z.infer<typeof verdict>;
export type Notification = z.infer<typeof notification>;

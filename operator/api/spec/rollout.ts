import { z } from 'zod';
import { UNTIL_PROMOTED } from '../well-known.ts';
import { analysis, backgroundAnalysis } from './analysis.ts';
import { DURATION, duration, form, notZero, rules } from './forms.ts';

const PAUSE = new RegExp(`^(${UNTIL_PROMOTED}|${DURATION.source.slice(1, -1)})$`);

/** Number of pods, or percentage of the size of the environment. */
function podCount(message: string) {
  const pattern = /^(100|[1-9]?[0-9])%$/;
  return z
    .union([z.int().min(0).max(100), z.string().min(1).max(4).regex(pattern)])
    .meta(rules({ rule: `type(self) == int || string(self).matches(r'${pattern.source}')`, message }));
}

const header = z
  .object({
    name: form(
      /^[A-Za-z0-9][-A-Za-z0-9]*$/,
      'the name of a header has letters, digits and hyphens',
      64,
    ).describe('Name of the header; upper and lower case are the same.'),
    value: z.string().min(1).max(256).describe('Value that it has to have, to the letter.'),
  })
  .describe('A header by which requests are picked.');

const step = z
  .object({
    weight: z
      .int()
      .min(0)
      .max(100)
      .describe('Percentage of the requests that the candidate gets from here on.')
      .optional(),
    pause: form(
      PAUSE,
      `a pause is written as 30s, 15m or 1h30m, or as ${UNTIL_PROMOTED}`,
      16,
      notZero('a pause of no length is no pause: leave the step out, or write for example 15m'),
    )
      .describe(
        `How long the candidate is watched before the next step, for example 15m; ${UNTIL_PROMOTED}: until somebody promotes it.`,
      )
      .optional(),
    replicas: podCount(
      'replicas of a step are a number of pods or a percentage of the environment, such as 2 or 50%',
    )
      .describe(
        'Pods that the candidate has from here on, as a number or as a percentage of the environment, such as 50%. It never has fewer than its weight needs; 0: as many as that.',
      )
      .optional(),
    headers: z
      .array(header)
      .max(8)
      .describe(
        'Requests with all of these headers go to the candidate from here on, besides its weight; an empty list ends that. Needs a gateway.',
      )
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional(),
    mirror: z
      .int()
      .min(0)
      .max(100)
      .describe(
        'Percentage of the GET requests of which the candidate gets a copy from here on, whose answers nobody sees; 0 ends that. Needs a gateway that can do it.',
      )
      .optional(),
    analysis: analysis
      .describe(
        'The next step begins when this analysis has passed; what it leaves out is as in canary.analysis.',
      )
      .optional(),
  })
  .describe('One step of a canary: one of its fields.')
  .meta(
    rules({
      rule: '[has(self.weight), has(self.pause), has(self.replicas), has(self.headers), has(self.mirror), has(self.analysis)].filter(f, f).size() == 1',
      message:
        'a canary step has exactly one of weight, pause, replicas, headers, mirror and analysis: write them as steps of their own',
    }),
  );

const canary = z
  .object({
    steps: z
      .array(step)
      .min(1)
      .max(20)
      .describe('Carried out in order; the last one has to be weight 100.')
      .meta({
        ...rules(
          {
            rule: 'has(self[self.size() - 1].weight) && self[self.size() - 1].weight == 100',
            message: 'the last canary step has to be "weight: 100", or the release would never end',
          },
          {
            rule: 'self.filter(s, has(s.weight) && s.weight == 100).size() <= 1',
            message: 'only the last canary step can be "weight: 100"',
          },
        ),
        'x-kubernetes-list-type': 'atomic',
      })
      .optional(),
    analysis: backgroundAnalysis.optional(),
    dynamicStableScale: z
      .boolean()
      .describe(
        'Whether the stable release gives up pods as the candidate takes over its requests. It saves pods, and makes an abort as slow as new pods.',
      )
      .optional(),
  })
  .describe('The candidate runs beside the stable release and gets its share of the requests step by step.');

const blueGreen = z
  .object({
    previewReplicas: podCount(
      'previewReplicas is a number of pods or a percentage of the environment, such as 1 or 50%',
    )
      .describe(
        'Pods of the new release before its switch, as a number or a percentage; 0: as many as the stable one. It has full size before the switch in any case.',
      )
      .optional(),
    autoPromote: z
      .boolean()
      .describe('Whether the switch comes by itself, or waits for somebody to promote the release.')
      .optional(),
    autoPromoteDelay: duration()
      .describe('How long the new release is there for a look before it is promoted by itself.')
      .optional(),
    prePromotionAnalysis: analysis
      .describe(
        'The switch comes only when this analysis has passed; the new release gets no request of users before.',
      )
      .optional(),
    postPromotionAnalysis: analysis
      .describe('After the switch; when it fails, all requests go back at once.')
      .optional(),
  })
  .describe(
    'The new release at full size beside the stable one, looked at behind its preview Service, then one switch.',
  );

const rolling = z
  .object({
    maxSurge: podCount('maxSurge is a number of pods or a percentage of the environment, such as 1 or 25%')
      .describe(
        'Pods that may be there beyond the size of the environment, as a number or a percentage, rounded up.',
      )
      .optional(),
    maxUnavailable: podCount(
      'maxUnavailable is a number of pods or a percentage of the environment, such as 0 or 25%',
    )
      .describe('Pods that may be missing, as a number or a percentage, rounded down.')
      .optional(),
    autoRollback: z
      .boolean()
      .describe(
        'Whether a release that is not ready at its progressDeadline goes back by itself; otherwise it stops there and says so.',
      )
      .optional(),
  })
  .describe('Pods of the stable release are replaced by those of the new one a few at a time.')
  .meta(
    rules({
      rule: "!has(self.maxSurge) || !has(self.maxUnavailable) || !(string(self.maxSurge) in ['0', '0%'] && string(self.maxUnavailable) in ['0', '0%'])",
      message:
        'with maxSurge and maxUnavailable both 0 no pod could ever be replaced: set one of them to 1 or more',
    }),
  );

export const rollout = z
  .object({
    strategy: z
      .enum(['canary', 'blueGreen', 'rolling'])
      .describe('How a new release takes over; only the field of that name has an effect.')
      .optional(),
    canary: canary.optional(),
    blueGreen: blueGreen.optional(),
    rolling: rolling.optional(),
    progressDeadline: duration(
      notZero('no release is ready in no time: write for example 5m for rollout.progressDeadline'),
    )
      .describe('How long a candidate may take to become ready before it is rolled back.')
      .optional(),
    scaleDownDelay: duration()
      .describe('How long the pods of a release that no longer gets requests are kept.')
      .optional(),
    rollbackWindow: duration()
      .describe(
        'How long after it was replaced a release can be returned to at once, without steps and without analysis; contract migrations of the one that replaced it wait for so long.',
      )
      .optional(),
    historyLimit: z.int().min(1).max(20).describe('Former releases that are kept to go back to.').optional(),
  })
  .describe('How a new release takes over from the stable one.');

import { z } from 'zod';
import { duration, form, notZero } from './forms.ts';
import { metric } from './metric.ts';

/** How an analysis judges, wherever it stands. */
export const analysis = z
  .object({
    preset: z
      .enum(['guide', 'compared', 'none'])
      .describe(
        'guide: at most 5 % of 5xx answers, and 95 % of the answers within 1 s. compared: that, and not worse than the stable release. none: only the metrics that are listed.',
      )
      .optional(),
    maxErrorRatio: form(
      /^(0([.][0-9]{1,5})?|1([.]0{1,5})?)$/,
      'maxErrorRatio is a share from "0" to "1", in quotes and with at most 5 decimals: "0.05" is 5 %',
      8,
    )
      .describe(
        'Largest share of 5xx answers that a candidate may give, from "0" to "1"; "0.05" is 5 %. For the preset.',
      )
      .optional(),
    minRequests: z
      .int()
      .min(1)
      .max(1000000)
      .describe('Fewer requests than this are too few for a verdict.')
      .optional(),
    interval: duration(notZero('analysis.interval has to be at least 1s'))
      .describe('Time between two measurements, at least 1s.')
      .optional(),
    onInsufficientData: z
      .enum(['pause', 'continue'])
      .describe(
        'What happens when there are still fewer than minRequests requests after insufficientDataLimit: wait on, or go on.',
      )
      .optional(),
    insufficientDataLimit: duration()
      .describe('How much longer a pause, or an analysis, lasts to wait for enough requests.')
      .optional(),
    metrics: z
      .array(metric)
      .max(10)
      .describe('Metrics besides those of the preset.')
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .optional(),
  })
  .describe('How a candidate is judged.');

/** The analysis that goes on beside the steps. */
export const backgroundAnalysis = analysis
  .extend({
    startingStep: z
      .int()
      .min(0)
      .max(19)
      .describe('Index of the step, from 0, with which it begins.')
      .optional(),
  })
  .describe('How a candidate is judged while it gets traffic.');

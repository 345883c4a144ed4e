import { z } from 'zod';
import { duration, form, notZero } from './forms.ts';

export const analysis = z
  .object({
    maxErrorRatio: form(
      /^(0([.][0-9]{1,5})?|1([.]0{1,5})?)$/,
      'maxErrorRatio is a share from "0" to "1", in quotes and with at most 5 decimals: "0.05" is 5 %',
      8,
    )
      .describe('Largest share of 5xx answers that a candidate may give, from "0" to "1"; "0.05" is 5 %.')
      .optional(),
    minRequests: z
      .int()
      .min(1)
      .max(1000000)
      .describe('Fewer requests than this are too few for a verdict.')
      .optional(),
    interval: duration(notZero('analysis.interval has to be at least 1s'))
      .describe('Time between two measurements of the pods, at least 1s.')
      .optional(),
    onInsufficientData: z
      .enum(['pause', 'continue'])
      .describe(
        'What happens when a pause ends with fewer than minRequests requests: wait on, or go to the next step.',
      )
      .optional(),
  })
  .describe('How a candidate is judged while it gets traffic.');

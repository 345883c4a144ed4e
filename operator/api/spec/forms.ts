import { z } from 'zod';

/** One CEL rule of a CRD: the expression, and the sentence that a user reads when it is false. */
export interface CelRule {
  rule: string;
  message: string;
}

export function rules(...list: CelRule[]): { 'x-kubernetes-validations': CelRule[] } {
  return { 'x-kubernetes-validations': list };
}

/**
 * Text of a certain form. In the CRD the form is a rule with a sentence: of a pattern, the API server would only show
 * the regular expression.
 */
export function form(pattern: RegExp, message: string, maxLength: number, ...others: CelRule[]) {
  const rule = `self.matches(r'${pattern.source}')`;
  return z
    .string()
    .min(1)
    .max(maxLength)
    .regex(pattern)
    .meta(rules({ rule, message }, ...others));
}

export const DURATION = /^([0-9]{1,4}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?$/;

export function duration(...others: CelRule[]) {
  return form(DURATION, 'a duration is written as 30s, 15m or 1h30m', 16, ...others);
}

/** Durations have no sign and no fraction: what is not zero is at least a second. */
export function notZero(message: string): CelRule {
  return { rule: `!self.matches(r'${DURATION.source}') || duration(self) > duration('0s')`, message };
}

const QUANTITY = /^([1-9][0-9]*([.][0-9]+)?|0[.]0*[1-9][0-9]*)(m|Ki|Mi|Gi|Ti|k|M|G|T)?$/;

// `cpu: 2` is a number in YAML and `cpu: 500m` is not: both are written, so both are taken.
export const quantity = z.union([z.int().min(1), z.string().min(1).max(16).regex(QUANTITY)]).meta(
  rules({
    rule: `string(self).matches(r'${QUANTITY.source}')`,
    message: 'a quantity is a number above zero, with a unit where one is needed: 500m of CPU, 1Gi of memory',
  }),
);

export function image(...others: CelRule[]) {
  return form(
    /^[a-z0-9]([a-zA-Z0-9._:/-]*[a-zA-Z0-9])?(@sha256:[a-f0-9]{64})?$/,
    'an image is written as name:tag, registry/name:tag or name@sha256: with 64 hexadecimal digits',
    500,
    ...others,
  );
}

export const resources = z
  .object({
    cpu: quantity
      .describe('CPU that is requested, for example 500m. There is no CPU limit: it would only throttle.')
      .optional(),
    memory: quantity
      .describe('Memory that is requested and at the same time the limit, for example 1Gi.')
      .optional(),
  })
  .describe('What one pod asks for.');

const TIME_OF_DAY = /^([01][0-9]|2[0-3]):[0-5][0-9]$/;

export function timeOfDay() {
  return form(TIME_OF_DAY, 'a time of day is written as 02:00, in UTC', 5);
}

/** Name of another object in the namespace of the environment. */
export function objectName() {
  return form(
    /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
    'the name of an object has lower-case letters, digits, hyphens and dots',
    253,
  );
}

/** The labels of `selector`, as Kubernetes takes them. */
export function labelMap(description: string) {
  return z
    .record(z.string(), z.string().max(63))
    .describe(description)
    .meta({
      maxProperties: 16,
      ...rules({
        rule: "self.all(k, k.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$') && self[k].matches('^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'))",
        message: 'a label is written as key: value or example.com/key: value, as labels of Kubernetes are',
      }),
    });
}

export function cron(description: string) {
  return form(
    /^[0-9*,/-]+( [0-9A-Za-z*,/-]+){4}$/,
    'a schedule has the five fields of cron (minute hour day month weekday, in UTC), for example "0 2 * * *"',
    64,
  ).describe(description);
}

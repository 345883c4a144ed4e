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

/** Above zero: what asks for nothing is a mistake. */
const POSITIVE = '([1-9][0-9]*([.][0-9]+)?|0[.]0*[1-9][0-9]*)';
const CPU = new RegExp(`^(${POSITIVE}|[1-9][0-9]*m)$`);
const BYTES = new RegExp(`^${POSITIVE}(Ki|Mi|Gi|Ti|k|M|G|T)$`);

// `cpu: 2` is a number in YAML and `cpu: 500m` is not: both are written, so both are taken. Bytes are never a plain number: memory of
// 512, or of 512m, is a slip that would only show in a pod that cannot start.
function quantity(pattern: RegExp, message: string) {
  return z
    .union([z.int().min(1), z.string().min(1).max(16).regex(pattern)])
    .meta(rules({ rule: `string(self).matches(r'${pattern.source}')`, message }));
}

export function cpu() {
  return quantity(CPU, 'CPU is written in cores or thousandths of one, above zero: 2, 0.5 or 500m');
}

export function bytes() {
  return quantity(BYTES, 'memory and storage are written with a unit, above zero: 512Mi or 20Gi');
}

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
    cpu: cpu()
      .describe('CPU that is requested, for example 500m. There is no CPU limit: it would only throttle.')
      .optional(),
    memory: bytes()
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

/** One field of a schedule: *, a value or a range of them, with a step, in a list. */
function cronField(value: string): string {
  return `([*]|${value}(-${value})?)([/][1-9][0-9]?)?(,([*]|${value}(-${value})?)([/][1-9][0-9]?)?)*`;
}

const CRON = new RegExp(
  `^${[
    '[0-5]?[0-9]',
    '([01]?[0-9]|2[0-3])',
    '([1-9]|0[1-9]|[12][0-9]|3[01])',
    '([1-9]|0[1-9]|1[0-2]|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)',
    '([0-7]|Mon|Tue|Wed|Thu|Fri|Sat|Sun)',
  ]
    .map(cronField)
    .join(' ')}$`,
);

export function cron(description: string) {
  return form(
    CRON,
    'a schedule has the five fields of cron (minute hour day month weekday, in UTC), for example "0 2 * * *"',
    64,
  ).describe(description);
}

import { equal } from 'uvu/assert';
import type { z } from 'zod';
import { bytes, cpu, cron } from '../../../operator/api/spec/forms.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('The forms of values');

function taken(schema: z.ZodType, values: unknown[]): unknown[] {
  return values.filter((value) => schema.safeParse(value).success);
}

test('a schedule has five fields with values that occur', () => {
  const right = ['0 2 * * *', '*/15 0-6,22 1,15 Jan-Mar Mon-Fri', '59 23 31 12 7', '0-30/10 02 * * Sun'];
  const wrong = [
    '60 2 * * *',
    '0 24 * * *',
    '0 2 0 * *',
    '0 2 32 * *',
    '0 2 * 13 *',
    '0 2 * * 8',
    '0 2 * *',
    '@daily',
  ];
  equal(taken(cron('any'), [...right, ...wrong]), right);
});

test('CPU is counted in cores, and memory is never a plain number of bytes or a thousandth of one', () => {
  equal(taken(cpu(), [2, '2', '0.5', '500m', '0', '0m', '1Gi', '1.5m', -1]), [2, '2', '0.5', '500m']);
  equal(taken(bytes(), ['512Mi', '1.5Gi', '20G', '512m', '512', '0Gi', '64MB']), ['512Mi', '1.5Gi', '20G']);
});

test.run();

import type { Outcome } from '../../rollout/analysis/measured.ts';
import type { Source } from '../../rollout/analysis/policy.ts';
import { askHttp, type Question } from './http.ts';

type Expected = Pick<Extract<Source, { type: 'web' }>, 'status' | 'jsonPath'>;

/**
 * One request. Without a path into the answer its status decides; with one the answer has to have the status, and the number
 * there is judged. The answer itself is never repeated. Throws a sentence when there was none.
 */
export async function askWeb({ status, jsonPath }: Expected, question: Question): Promise<Outcome> {
  const answer = await askHttp(question);
  const { host } = new URL(question.url);
  const isExpected =
    status === undefined ? answer.status >= 200 && answer.status < 300 : answer.status === status;
  const message = `${host} answered ${answer.status}${isExpected ? '' : `, expected was ${status ?? '200 to 299'}`}`;
  if (jsonPath === undefined) return { type: 'result', passed: isExpected, message };
  if (!isExpected) throw new Error(message);
  return numberAt(jsonPath, parsed(answer.body, host));
}

function parsed(body: string, host: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Error(`${host} answered something that is no JSON`);
  }
}

/** Segments of a path such as .data.items[0].value. */
const SEGMENT = /[.]([^.[\]]+)|\[([0-9]+)\]/g;

function numberAt(path: string, answer: unknown): Outcome {
  let value: unknown = answer;
  for (const [, field, index] of path.matchAll(SEGMENT)) {
    const key = field ?? Number(index);
    const has = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    if (!has) return { type: 'nothing', why: `the answer has nothing at ${path}` };
    value = (value as Record<string | number, unknown>)[key];
  }
  const number = typeof value === 'boolean' || typeof value === 'string' ? Number(value) : value;
  const isNumber = typeof number === 'number' && Number.isFinite(number) && value !== '';
  return isNumber
    ? { type: 'value', value: number }
    : { type: 'nothing', why: `what the answer has at ${path} is no number` };
}

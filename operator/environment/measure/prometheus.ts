import type { Outcome } from '../../rollout/analysis/measured.ts';
import { type Answer, askHttp, type Question } from './http.ts';

const LONGEST_ERROR = 200;

/**
 * Asks a Prometheus, or what speaks its HTTP API. What is no single number is neither success nor failure. Throws a sentence
 * when the query could not be answered.
 */
export async function askPrometheus(
  address: string,
  query: string,
  how: Pick<Question, 'timeoutMs' | 'headers'>,
): Promise<Outcome> {
  const url = `${address.replace(/\/+$/, '')}/api/v1/query`;
  return outcomeOf(await askHttp({ ...how, url, form: { query } }), new URL(url).host);
}

interface Body {
  status?: string;
  error?: unknown;
  data?: { resultType?: string; result?: unknown };
}

function outcomeOf({ status, body }: Answer, host: string): Outcome {
  const parsed = jsonOf(body);
  if (parsed?.status !== 'success') {
    const said = typeof parsed?.error === 'string' ? `: ${parsed.error.slice(0, LONGEST_ERROR)}` : '';
    throw new Error(`Prometheus at ${host} answered ${status}${said}`);
  }
  const { resultType, result } = parsed.data ?? {};
  if (resultType === 'scalar') return valueOfPair(result);
  if (resultType !== 'vector' || !Array.isArray(result))
    throw new Error(
      `the query gives a ${resultType ?? 'result without a type'}: it has to give one number, as sum(…) does`,
    );
  if (result.length === 0) return { type: 'nothing', why: 'the query has no result' };
  if (result.length > 1)
    return {
      type: 'nothing',
      why: `the query has ${result.length} results: make it one with sum(…) or max(…)`,
    };
  return valueOfPair((result[0] as { value?: unknown }).value);
}

/** A pair of a time and the value as text. */
function valueOfPair(pair: unknown): Outcome {
  const text = Array.isArray(pair) ? String(pair[1]) : '';
  const value = Number(text === '' ? Number.NaN : text);
  return Number.isFinite(value)
    ? { type: 'value', value }
    : { type: 'nothing', why: `the result is ${text}` };
}

function jsonOf(body: string): Body | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Body) : undefined;
  } catch {
    return undefined;
  }
}

import { ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel';
import { z } from 'zod';
import { Problem } from '../http/problem.ts';
import { traceHeaders } from '../telemetry/trace.ts';
import { type Horizon, type Prediction, predictionSchema } from './prediction.ts';

/** The predictor as the API sees it. */
export interface PredictorClient {
  /**
   * Throws a Problem (404, 422) when the predictor says that there is no such forecast, and any other error when it is
   * away, late, or left alone because it failed again and again.
   */
  predict(symbol: string, horizon: Horizon): Promise<Prediction>;
  /** Throws when the predictor does not answer. */
  ping(): Promise<void>;
}

const DEADLINE_MS = 800;
const PING_DEADLINE_MS = 500;
const MOST_FAILURES = 5;
/** How long the predictor is left alone before one request tries it again. */
export const REST_MS = 5_000;

const problemSchema = z.object({
  type: z.string().startsWith('urn:cryptosense:problem:'),
  detail: z.string().max(1_000),
});

/** `onCircuit` hears when the circuit opens and when it closes again. */
export function createPredictorClient(options: {
  url: string;
  onCircuit: (open: boolean) => void;
}): PredictorClient {
  const { url, onCircuit } = options;
  const breaker = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(MOST_FAILURES),
    halfOpenAfter: REST_MS,
  });
  let open = false;
  const change = (to: boolean) => {
    if (open !== to) onCircuit(to);
    open = to;
  };
  breaker.onBreak(() => change(true));
  breaker.onReset(() => change(false));

  return {
    predict: async (symbol, horizon) => {
      // A refusal is an answer: it must not count as a failure of the predictor.
      const answer = await breaker.execute(() => ask(`${url}/predict/${symbol}?horizon=${horizon}`));
      if (answer instanceof Problem) throw answer;
      return answer;
    },
    ping: async () => {
      const response = await fetch(`${url}/health`, {
        signal: AbortSignal.timeout(PING_DEADLINE_MS),
        redirect: 'error',
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the predictor answered with the status ${response.status}`);
    },
  };
}

/** The signal ends the reading of the body as well: an answer that trickles is a late one. */
async function ask(address: string): Promise<Prediction | Problem> {
  const response = await fetch(address, {
    headers: { accept: 'application/json', ...traceHeaders() },
    signal: AbortSignal.timeout(DEADLINE_MS),
    redirect: 'error',
  });
  const body: unknown = await response.json();
  const { status } = response;
  if (response.ok) return predictionSchema.parse(body);
  const problem = problemSchema.safeParse(body).data;
  if ((status === 404 || status === 422) && problem) {
    const kind = problem.type.slice('urn:cryptosense:problem:'.length);
    // A path that the predictor does not know is a predictor of another version, and not the client's mistake.
    if (kind !== 'no-such-route') return new Problem({ status, kind, detail: problem.detail });
  }
  throw new Error(`the predictor answered with the status ${status}`);
}

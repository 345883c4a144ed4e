import * as assert from 'uvu/assert';
import { effectiveSpec } from '../../../operator/api/effective-spec.ts';
import { judge } from '../../../operator/rollout/analysis/judge.ts';
import type { Outcome } from '../../../operator/rollout/analysis/measured.ts';
import {
  type AnalysisPolicy,
  BACKGROUND,
  type MetricPolicy,
  policyOf,
  stepRun,
} from '../../../operator/rollout/analysis/policy.ts';
import { beginRun, dueIn, fold } from '../../../operator/rollout/analysis/run.ts';
import { verdictOf } from '../../../operator/rollout/analysis/verdict.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('analysis');
const START = Date.parse('2026-01-05T10:00:00Z');
const errors: MetricPolicy = {
  name: 'errors',
  source: { type: 'pods', measure: 'errors' },
  limits: { max: 0.05 },
  minRequests: 100,
  intervalMs: 5_000,
  initialDelayMs: 0,
  failureLimit: 0,
  consecutiveErrorLimit: 4,
  inconclusiveLimit: 3,
  dryRun: false,
};
const value: MetricPolicy = {
  ...errors,
  name: 'value',
  source: { type: 'prometheus', address: 'http://p', query: 'q' },
};

const counted = (requests: number, bad: number): Outcome => ({
  type: 'counts',
  candidate: { requests, bad },
});
const verdict = (requests: number, bad: number) => judge(errors, undefined, counted(requests, bad)).verdict;

/** A run of one metric after these answers, one an interval, and how it stands then. */
function after(metric: MetricPolicy, outcomes: Outcome[], policy: Partial<AnalysisPolicy> = {}) {
  const whole: AnalysisPolicy = {
    metrics: [metric],
    onInsufficientData: 'pause',
    insufficientDataLimitMs: 0,
    ...policy,
  };
  const run = outcomes.reduce((folded, outcome, i) => {
    const at = new Date(START + i * metric.intervalMs).toISOString();
    return fold(folded, whole, { run: run0.id, startedAt: run0.startedAt, metric: metric.name, at, outcome });
  }, run0);
  const now = START + outcomes.length * metric.intervalMs;
  return { run, standing: verdictOf(run, whole, now), due: dueIn(run, metric, now), policy: whole };
}
const run0 = beginRun(BACKGROUND, new Date(START).toISOString());
const problem: Outcome = { type: 'problem', why: 'p cannot be asked (ECONNREFUSED)' };
const good: Outcome = { type: 'value', value: 0.01 };
const bad: Outcome = { type: 'value', value: 0.2 };
const nothing: Outcome = { type: 'nothing', why: 'the query has no result' };
const times = (count: number, outcome: Outcome) => Array.from({ length: count }, () => outcome);

test('exactly the limit passes and one more request fails', () => {
  assert.is(verdict(100, 5), 'pass');
  assert.is(verdict(100, 6), 'fail');
});

test('too few requests are inconclusive, not success', () => {
  assert.is(verdict(99, 0), 'inconclusive');
  assert.is(verdict(0, 0), 'inconclusive');
});

test('errors that no further request could make good fail before the sample is full', () => {
  assert.is(verdict(20, 6), 'fail');
  assert.is(verdict(20, 5), 'inconclusive');
});

test('what is counted adds up from look to look', () => {
  const { run, standing } = after(errors, [counted(60, 1), counted(60, 2)]);
  assert.equal(run.metrics[0]?.sample, { requests: 120, bad: 3 });
  assert.is(standing.verdict, 'pass');
  assert.match(standing.message, /3 of 120 requests answered 5xx \(2.5 %, limit 5 %\)/);
});

test('a measurement that is handed over twice counts once, and one of another run not at all', () => {
  const { run, policy } = after(errors, [counted(60, 1)]);
  const at = run.metrics[0]?.at ?? '';
  const twice = { run: run.id, startedAt: run.startedAt, metric: 'errors', at, outcome: counted(60, 1) };
  assert.equal(fold(run, policy, twice), run);
  const later = new Date(START + 60_000).toISOString();
  assert.equal(fold(run, policy, { ...twice, at: later, startedAt: later }), run);
});

test('N1 a value within min and max passes, one outside fails, none and NaN are inconclusive, no answer is an error', () => {
  const range = { ...value, limits: { min: 1, max: 2 } };
  const of = (outcome: Outcome) => judge(range, undefined, outcome).verdict;
  assert.equal(
    [1, 2, 0.999, 2.001].map((one) => of({ type: 'value', value: one })),
    ['pass', 'pass', 'fail', 'fail'],
  );
  assert.is(of({ type: 'value', value: Number.NaN }), 'inconclusive');
  assert.is(of(nothing), 'inconclusive');
  assert.is(of(problem), 'error');
  assert.is(of({ type: 'result', passed: false, message: 'exit code 1' }), 'fail');
});

test('N1 a percentile is judged as the share of requests that took longer', () => {
  const rollout = effectiveSpec({ tier: 'local', release: { image: 'a:1' } }).rollout;
  const latency = policyOf(rollout, BACKGROUND)?.metrics.find(
    ({ name }) => name === 'latency',
  ) as MetricPolicy;
  assert.is(latency.limits.max, 0.05);
  assert.is(judge(latency, undefined, counted(1000, 50)).verdict, 'pass');
  const { verdict: is, message } = judge(latency, undefined, counted(1000, 51));
  assert.is(is, 'fail');
  assert.is(message, '51 of 1000 requests took longer than 1 s (5.1 %, limit 5 %)');
});

test("N2 a provider's error is retried and never counts as the release's failure before its limit", () => {
  const { run, standing, due } = after(value, times(4, problem));
  assert.is(standing.verdict, 'running');
  assert.is(run.metrics[0]?.failures, 0);
  assert.is(due, 0);
  const at = after(value, times(5, problem)).standing;
  assert.is(at.verdict, 'error');
  assert.is(at.isFinal, true);
  assert.match(at.message, /ECONNREFUSED/);
});

test('N2 errors count in a row: an answer between them begins the row anew', () => {
  const { standing, run } = after(value, [...times(4, problem), good, ...times(4, problem)]);
  assert.is(standing.verdict, 'running');
  assert.is(run.metrics[0]?.errors, 4);
});

test('N2 more inconclusive measurements than their limit end the analysis without a verdict', () => {
  assert.is(after(value, times(3, nothing)).standing.verdict, 'running');
  const { standing } = after(value, times(4, nothing));
  assert.is(standing.verdict, 'inconclusive');
  assert.is(standing.isFinal, true);
});

test('N3 too few requests are waited for until the limit, then onInsufficientData decides', () => {
  const few = times(3, counted(5, 0));
  const limit = { insufficientDataLimitMs: 20_000 };
  assert.is(after(errors, few, limit).standing.verdict, 'running');
  const paused = after(errors, times(5, counted(5, 0)), limit).standing;
  assert.is(paused.verdict, 'inconclusive');
  assert.is(paused.isFinal, false, 'requests of the morning still decide');
  const goesOn = after(errors, times(5, counted(5, 0)), {
    ...limit,
    onInsufficientData: 'continue',
  }).standing;
  assert.is(goesOn.verdict, 'pass');
  assert.is(goesOn.isInsufficient, true);
});

test('N3 a candidate is compared with the stable release in the same time', () => {
  const compared = { ...errors, limits: { max: 0.5 }, comparison: { tolerance: 0.01 } };
  const look = (own: number, stable: number): Outcome => ({
    type: 'counts',
    candidate: { requests: 200, bad: own },
    stable: { requests: 1800, bad: stable },
  });
  const worse = after(compared, times(5, look(16, 18))).standing;
  assert.is(worse.verdict, 'fail');
  assert.match(
    worse.message,
    /8 % of \d+ requests answered 5xx, 1 % of the \d+ of the stable release .* shown to be worse by more than 1 %/,
  );
  // An hour that is bad for both is nobody's fault.
  assert.is(after(compared, times(50, look(16, 144))).standing.verdict, 'pass');
});

test('N4 failureLimit: so many measurements may fail', () => {
  const metric = { ...value, limits: { max: 0.1 }, failureLimit: 2 };
  assert.is(after(metric, [bad, good, bad]).standing.verdict, 'pass');
  assert.is(after(metric, [bad, good, bad, bad]).standing.verdict, 'fail');
});

test('N4 interval and initialDelay: when a metric is measured', () => {
  const metric = { ...value, initialDelayMs: 30_000 };
  assert.is(dueIn(run0, metric, START), 30_000);
  assert.is(dueIn(run0, metric, START + 30_000), 0);
  assert.is(after(value, [good]).due, 0);
});

test('N4 count: after so many verdicts a metric is done, and errors do not count', () => {
  const metric = { ...value, count: 2 };
  const half = after(metric, [good, problem]);
  assert.is(half.standing.verdict, 'running');
  assert.is(half.due, 0);
  const done = after(metric, [good, problem, good]);
  assert.is(done.due, undefined);
  assert.is(done.standing.verdict, 'pass');
  assert.is(done.standing.isFinal, true);
});

test('N4 dryRun: measured and said, without any effect', () => {
  const { run, standing, policy } = after({ ...value, dryRun: true, limits: { max: 0.1 } }, times(3, bad));
  assert.is(run.metrics[0]?.failures, 3);
  assert.is(standing.verdict, 'pass');
  const unseen = verdictOf(beginRun(BACKGROUND, run.startedAt), policy, START);
  assert.is(unseen.verdict, 'running', 'it is measured before anything goes on');
});

test('three lines of YAML are enough for the guide, and three for a comparison', () => {
  const policy = (analysis: object) =>
    policyOf(
      effectiveSpec({ tier: 'production', release: { image: 'a:1' }, rollout: { canary: { analysis } } })
        .rollout,
      BACKGROUND,
    );
  const said = (analysis: object) =>
    policy(analysis)?.metrics.map(({ name, limits, comparison }) => [
      name,
      limits.max,
      comparison?.tolerance,
    ]);
  assert.equal(said({ preset: 'guide' }), [
    ['errors', 0.05, undefined],
    ['latency', 0.05, undefined],
  ]);
  assert.equal(said({ preset: 'compared' }), [
    ['errors', 0.05, 0.01],
    ['latency', 0.05, 0.01],
  ]);
  assert.equal(said({}), said({ preset: 'guide' }));
  assert.is(policy({ preset: 'none' }), undefined, 'nothing to measure is no analysis');
});

test('the metrics of a step stand alone, and what they leave out is as beside the steps', () => {
  const job = { name: 'check', job: { image: 'check:1' } };
  const steps = [{ weight: 10 }, { analysis: { metrics: [job] } }, { weight: 100 }];
  const { rollout } = effectiveSpec({
    tier: 'local',
    release: { image: 'a:1' },
    rollout: { canary: { steps, analysis: { interval: '7s' } } },
  });
  const metrics = policyOf(rollout, stepRun(1))?.metrics ?? [];
  assert.equal(
    metrics.map(({ name, count, intervalMs }) => [name, count, intervalMs]),
    [['check', 1, 7_000]],
  );
  assert.is(policyOf(rollout, stepRun(0)), undefined);
});

test('a metric with the name of one of the preset replaces it', () => {
  const metrics = [{ name: 'errors', pods: { measure: 'errors' as const }, max: '0.2', dryRun: true }];
  const { rollout } = effectiveSpec({
    tier: 'local',
    release: { image: 'a:1' },
    rollout: { canary: { analysis: { metrics } } },
  });
  const found = policyOf(rollout, BACKGROUND)?.metrics ?? [];
  assert.equal(
    found.map(({ name, limits, dryRun }) => [name, limits.max, dryRun]),
    [
      ['latency', 0.05, false],
      ['errors', 0.2, true],
    ],
  );
});

test.run();

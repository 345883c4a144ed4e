import * as assert from 'uvu/assert';
import { judge } from '../../../operator/rollout/analysis/judge.ts';
import type { MetricPolicy } from '../../../operator/rollout/analysis/policy.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('analysis');
const metric: MetricPolicy = {
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
const verdict = (requests: number, bad: number) =>
  judge(metric, undefined, { type: 'counts', candidate: { requests, bad } }).verdict;

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

test('pods that cannot be measured are an error of the measurement, not of the release', () => {
  const { verdict: is, message } = judge(metric, undefined, {
    type: 'problem',
    why: 'the pods could not be measured: connection refused',
  });
  assert.is(is, 'error');
  assert.match(message, /could not be measured: connection refused/);
});

test.run();

import * as assert from 'uvu/assert';
import { judge } from '../../../operator/rollout/analysis.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('analysis');
const policy = {
  maxErrorRatio: '0.05',
  minRequests: 100,
  interval: '5s',
  onInsufficientData: 'pause' as const,
};
const at = '2026-01-05T10:00:00.000Z';
const verdict = (requests: number, errors: number) => judge({ requests, errors }, policy, at).verdict;

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
  const { verdict: is, message } = judge({ problem: 'connection refused' }, policy, at);
  assert.is(is, 'error');
  assert.match(message, /could not be measured: connection refused/);
});

test.run();

import * as assert from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import { suite } from '../../harness/suite.ts';
import { Simulation } from './simulation.ts';

type Canary = NonNullable<NonNullable<EnvironmentSpec['rollout']>['canary']>;
type Metric = NonNullable<NonNullable<Canary['analysis']>['metrics']>[number];

const test = suite('analyses of releases');

const check: Metric = { name: 'check', web: { url: 'http://example.com' }, interval: '5s' };
const ok = { type: 'result' as const, passed: true, message: 'example.com answered 200' };
const broken = { type: 'result' as const, passed: false, message: 'example.com answered 500' };
const away = { type: 'problem' as const, why: 'example.com cannot be asked (ECONNREFUSED)' };
const nothing = { type: 'nothing' as const, why: 'the query has no result' };

const canary = (fields: Canary) => ({ rollout: { canary: fields } });
const reasons = (world: Simulation) => world.notes.map(({ reason }) => reason);
const said = (world: Simulation, reason: string) =>
  world.notes.find((note) => note.reason === reason)?.message ?? '';
const isOver = (world: Simulation) => world.last?.progressing === false;

/** Watched for a minute by one metric of another source than the pods. */
function watched(metric: Partial<Metric> = {}): Simulation {
  return Simulation.serving(
    canary({
      steps: [{ weight: 10 }, { pause: '1m' }, { weight: 100 }],
      analysis: { preset: 'none', metrics: [{ ...check, ...metric }] },
    }),
  );
}

test('N1 a check that passes lets the release go on, and one that fails rolls it back with its words', () => {
  const good = watched();
  good.answers.set('check', ok);
  good.release('b');
  good.until(() => good.memory.stable?.revision === 'b');
  const bad = watched();
  bad.answers.set('check', broken);
  bad.release('b');
  bad.until(() => bad.memory.rejected?.revision === 'b');
  assert.is(bad.memory.rejected?.reason, 'AnalysisFailed');
  assert.match(bad.memory.rejected?.message ?? '', /example.com answered 500/);
});

test('N1 a release that answers too late is rolled back, though it makes no error', () => {
  const world = Simulation.serving();
  world.release('b', { slowRatio: 0.2 });
  world.until(() => world.memory.rejected?.revision === 'b');
  assert.match(world.memory.rejected?.message ?? '', /took longer than 1 s \(20 %, limit 5 %\)/);
});

test('N2 inconclusive pauses and says so, until somebody decides', () => {
  const world = watched({ inconclusiveLimit: 1 });
  world.answers.set('check', nothing);
  world.release('b');
  world.until(() => reasons(world).includes('AnalysisInconclusive'));
  for (let i = 0; i < 300; i++) world.tick();
  assert.is(world.memory.candidate?.step, 1);
  assert.equal(world.weights, ['a=100', 'a=90 b=10']);
  assert.match(
    world.last?.summary ?? '',
    /paused, for the analysis is inconclusive; the query has no result/,
  );
  assert.is(reasons(world).filter((reason) => reason === 'AnalysisInconclusive').length, 1);
  world.command('promote', 'b');
  world.until(() => world.memory.stable?.revision === 'b');
});

test('N2 a provider that is away for a while is said once and costs the release nothing', () => {
  const world = watched();
  world.answers.set('check', away);
  world.release('b');
  world.until(() => reasons(world).includes('MeasurementFailed'));
  for (let i = 0; i < 15; i++) world.tick();
  assert.is(world.memory.rejected, undefined);
  assert.match(
    said(world, 'MeasurementFailed'),
    /ECONNREFUSED.*does not count as the release's failure before 5 errors/,
  );
  world.answers.set('check', ok);
  world.until(() => world.memory.stable?.revision === 'b');
  assert.is(reasons(world).filter((reason) => reason === 'MeasurementFailed').length, 1);
});

test('N2 a provider that stays away ends the release at its limit, not at the end of the pause and not never', () => {
  const world = watched();
  world.answers.set('check', away);
  world.release('b');
  world.until(() => world.memory.candidate?.weight === 10);
  const began = world.now;
  world.until(() => world.memory.rejected?.revision === 'b');
  assert.is(world.memory.rejected?.reason, 'AnalysisError');
  assert.ok(world.now - began >= 20_000 && world.now - began <= 26_000, `${world.now - began} ms`);
});

test('an error in the last look before the end of a pause is waited out, not for ever', () => {
  const world = watched({ consecutiveErrorLimit: 100 });
  world.answers.set('check', ok);
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  for (let i = 0; i < 52; i++) world.tick();
  world.answers.set('check', away);
  for (let i = 0; i < 20; i++) world.tick();
  assert.is(world.memory.candidate?.step, 1);
  world.answers.set('check', ok);
  world.until(() => world.memory.stable?.revision === 'b', 30);
});

test('C8 background analysis runs from its step to the end and aborts within one interval of the failing measurement', () => {
  const world = Simulation.serving(
    canary({
      steps: [{ weight: 10 }, { pause: '20s' }, { weight: 50 }, { pause: '1m' }, { weight: 100 }],
      analysis: { preset: 'none', startingStep: 2, metrics: [check] },
    }),
  );
  world.answers.set('check', broken);
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  for (let i = 0; i < 18; i++) world.tick();
  assert.is(world.memory.candidate?.analyses, undefined, 'nothing is judged before its step');
  world.until(() => world.memory.candidate?.step === 2);
  const began = world.now;
  world.until(() => world.memory.rejected?.revision === 'b');
  assert.ok(world.now - began <= 5_000, `${world.now - began} ms`);
});

test('C8 a fault that begins late is seen in the last pause as well', () => {
  const world = watched();
  world.answers.set('check', ok);
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  for (let i = 0; i < 40; i++) world.tick();
  world.answers.set('check', broken);
  const began = world.now;
  world.until(() => world.memory.rejected?.revision === 'b');
  assert.ok(world.now - began <= 6_000, `${world.now - began} ms`);
});

/** An analysis between 10 % and everything. */
function stepped(metric: Partial<Metric> = {}): Simulation {
  return Simulation.serving(
    canary({
      steps: [{ weight: 10 }, { analysis: { metrics: [{ ...check, ...metric }] } }, { weight: 100 }],
      analysis: { preset: 'none' },
    }),
  );
}

test('C1 an analysis is a step: the next one begins when it has passed', () => {
  const world = stepped({ count: 3 });
  world.answers.set('check', ok);
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  const began = world.now;
  world.until(() => world.memory.stable?.revision === 'b');
  assert.ok(world.now - began >= 10_000, `${world.now - began} ms for three measurements`);
  assert.match(said(world, 'AnalysisPassed'), /api:b, step-1: example.com answered 200/);
});

test('C3 promote and promote-full end an analysis, too', () => {
  for (const verb of ['promote', 'promote-full'] as const) {
    const world = stepped({ count: 100 });
    world.answers.set('check', ok);
    world.release('b');
    world.until(() => world.memory.candidate?.step === 1);
    world.command(verb, 'b');
    world.until(() => world.memory.stable?.revision === 'b', 60);
  }
});

test('N4 dryRun fails no release', () => {
  const world = stepped({ dryRun: true });
  world.answers.set('check', broken);
  world.release('b');
  world.until(() => world.memory.stable?.revision === 'b');
});

test('N3 with too few requests a pause is longer, then onInsufficientData says what happens', () => {
  const world = Simulation.serving(
    canary({ analysis: { minRequests: 1000, insufficientDataLimit: '1m', onInsufficientData: 'continue' } }),
  );
  world.release('b');
  world.until(() => world.memory.candidate?.step === 1);
  const began = world.now;
  for (let i = 0; i < 600 && world.memory.candidate?.step === 1; i++) world.tick(1, 10);
  assert.ok(world.now - began >= 90_000, `${world.now - began} ms: 30 s of pause and a minute more`);
  assert.ok(world.now - began <= 96_000, `${world.now - began} ms`);
  assert.match(said(world, 'InsufficientData'), /onInsufficientData says continue/);
});

test('N3 an hour that is bad for both releases rolls nothing back, and one that is bad for the candidate does', () => {
  const compared = canary({
    analysis: {
      preset: 'none',
      metrics: [{ name: 'errors', pods: { measure: 'errors' }, comparedWithStable: { tolerance: '0.01' } }],
    },
  });
  const unlucky = Simulation.serving(compared);
  const stable = unlucky.pods.get('a');
  if (stable) stable.errorRatio = 0.1;
  unlucky.release('b', { errorRatio: 0.1 });
  unlucky.until(() => unlucky.memory.stable?.revision === 'b');
  const bad = Simulation.serving(compared);
  bad.release('b', { errorRatio: 0.1 });
  bad.until(() => bad.memory.rejected?.revision === 'b');
  assert.match(bad.memory.rejected?.message ?? '', /shown to be worse/);
});

/** Blue-green with a check before or after the switch. */
function switching(analysis: 'prePromotionAnalysis' | 'postPromotionAnalysis'): Simulation {
  return Simulation.serving({
    rollout: {
      strategy: 'blueGreen',
      blueGreen: {
        previewReplicas: 1,
        autoPromoteDelay: '10s',
        [analysis]: { metrics: [{ ...check, count: 3 }] },
      },
    },
  });
}

test('B5 pre-promotion analysis fails: the active Service never moved, green is kept for its delay, then removed; retry works', () => {
  const world = switching('prePromotionAnalysis');
  world.answers.set('check', broken);
  world.release('b');
  world.until(() => world.memory.rejected?.revision === 'b');
  assert.equal(world.weights, ['a=100']);
  assert.is(world.memory.rejected?.reason, 'AnalysisFailed');
  assert.ok((world.pods.get('b')?.replicas ?? 0) > 0, 'green is there for who looks for the reason');
  world.until(() => isOver(world));
  assert.is(world.pods.get('b')?.replicas, undefined);
  world.answers.set('check', ok);
  world.command('retry', 'b');
  world.until(() => world.memory.stable?.revision === 'b' && isOver(world));
  assert.equal(world.weights, ['a=100', 'b=100']);
  assert.equal(world.broken, []);
});

test('B6 post-promotion analysis fails: the active Service returns to blue at once, without waiting for a pod to start', () => {
  const world = switching('postPromotionAnalysis');
  world.answers.set('check', ok);
  world.release('b');
  world.until(() => world.weights.at(-1) === 'b=100' && world.memory.candidate?.weight === 100);
  assert.is(world.pods.get('a')?.ready, 4, 'blue is at full size');
  world.answers.set('check', broken);
  world.until(() => world.memory.rejected?.revision === 'b', 10);
  assert.is(world.weights.at(-1), 'a=100');
  assert.is(world.pods.get('a')?.ready, 4);
  assert.is(world.memory.stable?.revision, 'a');
  assert.equal(world.broken, []);
});

test('B6 post-promotion analysis passes: green is the stable release from then on', () => {
  const world = switching('postPromotionAnalysis');
  world.answers.set('check', ok);
  world.release('b');
  world.until(() => world.memory.stable?.revision === 'b' && isOver(world));
  assert.equal(world.weights, ['a=100', 'b=100']);
});

test.run();

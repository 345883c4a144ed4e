import { equal, is } from 'uvu/assert';
import { type Environment, verdictOf } from '../../../ci/verdict.ts';
import { suite } from '../../harness/suite.ts';

const test = suite('How a release stands');

const NEW = 'api@sha256:new';
const ready = { type: 'Ready', status: 'True', message: 'Every component is ready.' };

function environment(status: Environment['status'], image = NEW): Environment {
  return {
    metadata: { name: 'shop', generation: 7 },
    spec: { release: { image } },
    ...(status === undefined ? {} : { status: { observedGeneration: 7, conditions: [ready], ...status } }),
  };
}
const verdict = (status: Environment['status'], image?: string) =>
  verdictOf(environment(status, image), NEW, 7);

test('it serves when it is stable, nothing else is on its way, and the environment is ready', () => {
  const stable = { image: NEW };
  equal(verdict({ stable }), { state: 'released', message: `${NEW} serves.` });
  is(verdict({ stable: { image: 'api@sha256:old' } }).state, 'waiting');
  is(verdict({ stable, candidate: {} }).state, 'waiting');
  is(verdict({ stable, conditions: [{ ...ready, status: 'False' }] }).state, 'waiting');
});

test('what the operator says of an earlier spec counts for nothing', () => {
  equal(verdict({ observedGeneration: 6, stable: { image: NEW } }), {
    state: 'waiting',
    message: 'The operator has not seen it yet.',
  });
  is(verdict({ observedGeneration: 6, rejected: { image: NEW, message: 'old news' } }).state, 'waiting');
  is(verdict(undefined).state, 'waiting');
});

test('it has failed when it was rolled back, is frozen, or the operator cannot go on', () => {
  const stable = { image: 'api@sha256:old' };
  equal(verdict({ stable, rejected: { image: NEW, message: '12 % errors.' } }), {
    state: 'failed',
    message: 'It was rolled back: 12 % errors.',
  });
  is(verdict({ stable, rejected: { image: 'api@sha256:other', message: '' } }).state, 'waiting');
  is(
    verdict({ stable, candidate: { frozen: { message: 'It cannot be undone.' } } }).message,
    'It cannot be undone.',
  );
  const stalled = { type: 'Stalled', status: 'True', message: 'max_connections is too low.' };
  equal(verdict({ stable: { image: NEW }, conditions: [ready, stalled] }), {
    state: 'failed',
    message: 'max_connections is too low.',
  });
});

test('it is not on its way any more when somebody else asks for another one, or the environment goes', () => {
  is(verdict({ stable: { image: NEW } }, 'api@sha256:third').state, 'failed');
  const going = environment({ stable: { image: NEW } });
  const metadata = { ...going.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
  is(verdictOf({ ...going, metadata }, NEW, 7).message, 'shop is being deleted.');
});

test('while it waits it says what the operator says', () => {
  is(verdict({ summary: 'Release 5 has 10 %.' }).message, 'Release 5 has 10 %.');
});

test.run();

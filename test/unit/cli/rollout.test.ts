import { equal, is, match, not, throws } from 'uvu/assert';
import { answerOf } from '../../../cli/rollout/command.ts';
import { endOf } from '../../../cli/rollout/end.ts';
import { historyOf } from '../../../cli/rollout/history.ts';
import { changesOf, pictureOf } from '../../../cli/rollout/lines.ts';
import { namedRelease, pickRelease } from '../../../cli/rollout/pick.ts';
import { viewOf } from '../../../cli/rollout/view.ts';
import { plain } from '../../../cli/terminal/terminal.ts';
import { LABELS } from '../../../operator/api/resolved.ts';
import { suite } from '../../harness/suite.ts';
import { ago, candidate, condition, environment, NOW, object, REJECTED, STABLE } from './fixtures.ts';

const test = suite('A release as the command line shows it');

const outcome = (...of: Parameters<typeof endOf>) => {
  const end = endOf(...of);
  return end && [end.outcome, end.exitCode];
};

test('it is over only when it serves, was rolled back, is frozen, or nothing can go on', () => {
  equal(outcome(environment()), ['serves', 0]);
  equal(outcome(environment({ candidate: candidate() })), undefined);
  equal(outcome(environment({ rejected: REJECTED })), ['rolledBack', 1]);
  const frozen = { reason: 'AnalysisFailed', message: 'it has failed', at: ago(1) };
  equal(outcome(environment({ candidate: candidate({ frozen }) })), ['frozen', 1]);
  const stalled = condition('Stalled', 'True', 'Nothing is changed until this is mended', 'InvalidSpec');
  equal(outcome(environment({ candidate: candidate(), conditions: [stalled] })), ['stalled', 1]);
  const undone = { ...STABLE, spec: 'bbbbbbbbbb', at: ago(1) };
  equal(outcome(environment({ undone })), ['undone', 0]);
});

test('a spec that the operator has not seen, and a release that it has not begun, are not over', () => {
  equal(outcome(environment({ observedGeneration: 3 })), undefined);
  equal(outcome(environment({}, { release: { image: 'api:2' } })), undefined);
  equal(endOf({ ...environment(), status: undefined as never }), undefined);
});

test('a followed release that lost its place to another one has not been promoted', () => {
  equal(outcome(environment(), '2-bbbbbbbbbb'), ['replaced', 1]);
  equal(outcome(environment(), '1-aaaaaaaaaa'), ['serves', 0]);
});

test('each change is told once, and nothing when nothing has changed', () => {
  const first = viewOf(environment({ candidate: candidate() }));
  const told = changesOf(undefined, first).join('\n');
  match(told, /api:2 \(2-bbbbbbbbbb\) is released, strategy canary, api:1 serves/);
  match(told, /10 % of the requests/);
  equal(changesOf(first, first), []);
  const metric = {
    name: 'errors',
    message: '9 of 10 failed',
    count: 1,
    failures: 1,
    errors: 0,
    inconclusive: 0,
  };
  const run = {
    id: 'background',
    startedAt: ago(3),
    metrics: [{ ...metric, verdict: 'fail' as const }],
    message: '',
  };
  const second = viewOf(environment({ candidate: candidate({ weight: 50, analyses: [run] }) }));
  equal(changesOf(first, second), ['50 % of the requests', 'analysis errors: fail, 9 of 10 failed']);
  const last = viewOf(
    environment({ rejected: { ...REJECTED, revision: 'bbbbbbbbbb', number: 2 } }),
    '2-bbbbbbbbbb',
  );
  equal(changesOf(second, last).length, 1);
  equal(changesOf(last, last), []);
});

test('the picture has the weight as a bar, the steps with the present one, and why it waits', () => {
  const view = viewOf(environment({ candidate: candidate({ replicas: 2, heldSince: ago(1) }) }));
  const lines = pictureOf(view, {
    steps: ['weight 10 %', 'watched for 30s', 'weight 100 %'],
    paint: plain,
    now: NOW,
    columns: 100,
  });
  const text = lines.join('\n');
  match(text, /███░+ {3}10 % of the requests {3}pods 1\/2/);
  match(text, /✓ weight 10 %\n {2}◐ watched for 30s {2}3m\n {2}· weight 100 %/);
  match(text, /waits: held by command: kubectl cryptosense resume shop/);
});

test('the operator’s answer is the one to this command, not to the same command of before', () => {
  const lastCommand = { verb: 'promote', target: '2-bbbbbbbbbb', at: ago(2), accepted: false, message: 'no' };
  const annotations = { 'cryptosense.io/promote': '2-bbbbbbbbbb' };
  const given = environment({ lastCommand });
  const pending = { ...given, metadata: { ...given.metadata, annotations } };
  const asked = { command: 'promote', release: '2-bbbbbbbbbb' } as const;
  equal(answerOf(asked, pending, pending), undefined);
  const later = environment({ lastCommand: { ...lastCommand, at: ago(0), accepted: true, message: 'done' } });
  equal(answerOf(asked, pending, later)?.accepted, true);
  equal(answerOf(asked, pending, environment()), undefined);
  equal(answerOf({ ...asked, release: '9-9' }, pending, later), undefined);
});

test('a contract migration is answered by the condition of the schema', () => {
  const of = (reason: string, status: 'True' | 'False') =>
    environment({ conditions: [condition('SchemaReady', status, 'It is so.', reason)] });
  const asked = { command: 'contract', release: '1-aaaaaaaaaa' } as const;
  const pending = of('ContractPending', 'True');
  equal(answerOf(asked, pending, pending), undefined);
  equal(answerOf(asked, pending, of('ContractRunning', 'False'))?.accepted, true);
  equal(answerOf(asked, pending, of('BackupNeeded', 'False'))?.accepted, false);
});

const record = (number: number, revision: string, image: string) =>
  object('ControllerRevision', revision, {
    metadata: { labels: { [LABELS.revision]: revision }, creationTimestamp: ago(100) } as never,
    revision: number,
    data: { inputs: { image, config: { LOG_LEVEL: 'info' } } },
  });

test('history has every release that is known, with what became of it', () => {
  const history = [
    { ...STABLE, number: 1, promotedAt: ago(90), replacedAt: ago(60) },
    { revision: 'bbbbbbbbbb', number: 2, image: 'api:2', promotedAt: ago(60) },
  ];
  const stable = { revision: 'bbbbbbbbbb', number: 2, image: 'api:2' };
  const entries = historyOf(environment({ stable, history, rejected: REJECTED }), [
    record(1, 'aaaaaaaaaa', 'api:1'),
    record(4, 'dddddddddd', 'api:4'),
  ]);
  equal(
    entries.map(({ release, outcome }) => [release, outcome]),
    [
      ['4-dddddddddd', 'never served'],
      ['3-cccccccccc', 'rolled back'],
      ['2-bbbbbbbbbb', 'serves'],
      ['1-aaaaaaaaaa', 'served'],
    ],
  );
  equal(entries[3]?.config, { LOG_LEVEL: 'info' });
});

test('a command without a release means the one that it can be for, and says so when there is none', () => {
  const entries = historyOf(
    environment({
      stable: { ...STABLE, number: 2 },
      history: [{ ...STABLE, revision: 'eeeeeeeeee', promotedAt: ago(90) }],
    }),
    [],
  );
  const trying = environment({ candidate: candidate() });
  is(pickRelease('promote', trying, []).release, '2-bbbbbbbbbb');
  is(pickRelease('abort', trying, []).release, '2-bbbbbbbbbb');
  is(pickRelease('abort', environment(), []).release, '1-aaaaaaaaaa');
  is(pickRelease('retry', environment({ rejected: REJECTED }), []).release, '3-cccccccccc');
  is(pickRelease('undo', environment(), entries).release, '1-eeeeeeeeee');
  is(pickRelease('restart', trying, []).release, '1-aaaaaaaaaa');
  throws(
    () => pickRelease('promote', environment(), []),
    /trying no release that could be promoted: api:1 serves/,
  );
  throws(() => pickRelease('pause', environment(), []), /set spec\.paused to true/);
  throws(() => pickRelease('undo', environment(), []), /no earlier release/);
});

test('a release is named by number, revision, both, image or tag, and two are never one', () => {
  const entries = historyOf(environment(), [
    record(1, 'aaaaaaaaaa', 'r/api:1'),
    record(2, 'bbbbbbbbbb', 'r/api:2'),
    record(3, 'bbcccccccc', 'r/api:2'),
  ]);
  for (const name of ['1', 'aaaaaaaaaa', '1-aaaaaaaaaa', 'aaa'])
    is(namedRelease(name, entries).release, '1-aaaaaaaaaa');
  is(namedRelease('2', entries).release, '2-bbbbbbbbbb', 'a number before a tag');
  throws(
    () => namedRelease('r/api:2', entries),
    /more than one release: 3-bbcccccccc \(r\/api:2\), 2-bbbbbbbbbb/,
  );
  throws(() => namedRelease('7', entries), /no release 7 in the history; there are/);
  not.throws(() => namedRelease('bbc', entries));
});

test.run();

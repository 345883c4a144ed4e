import type { Course, Detail, Offer } from '../../operator/dashboard/shapes.ts';
import { ago, shortImage, spoken } from './format.ts';
import { OUTCOMES, RolloutChart } from './rollout-chart.tsx';
import type { Sent } from './store.ts';
import { Verdict } from './verdict.tsx';

interface Props {
  detail: Detail;
  mayPatch: boolean;
  user: string;
  course: Course | undefined;
  sent: Sent | undefined;
  now: number;
  onAsk(offer: Offer): void;
}

/** The release: what serves, what is being tried, how far it is, and what can be done about it. */
export function Release(props: Props) {
  const { detail, course, now } = props;
  const { stable, trial, rejected } = detail;
  return (
    <section class="card release" aria-labelledby="release-title">
      <div class="card-head">
        <h3 id="release-title">Release</h3>
        {trial ? (
          <p class="hint">
            {strategyOf(trial.strategy)}, for {spokenSince(trial.startedAt, now)}
          </p>
        ) : null}
      </div>
      <dl class="roles">
        <div>
          <dt>Serves</dt>
          <dd title={stable?.image}>
            {stable ? `${shortImage(stable.image)} · revision ${stable.number}` : 'nothing yet'}
          </dd>
        </div>
        {trial ? (
          <div>
            <dt>Is tried</dt>
            <dd title={trial.image} class="new">
              {shortImage(trial.image)} · revision {trial.number}
            </dd>
          </div>
        ) : null}
        {trial ? (
          <div>
            <dt>Requests</dt>
            <dd>
              <b>{trial.weight} %</b>
            </dd>
          </div>
        ) : null}
        {trial ? (
          <div>
            <dt>Its pods</dt>
            <dd>
              {trial.readyPods} of {trial.pods} ready
            </dd>
          </div>
        ) : null}
      </dl>
      {trial ? <Plan plan={trial.plan} step={trial.step} /> : null}
      {trial?.heldSince ? <p class="notice">Held for {spokenSince(trial.heldSince, now)}.</p> : null}
      {trial?.obstacle ? <p class="notice bad">{trial.obstacle}</p> : null}
      {rejected && !trial ? (
        <p class="notice bad">
          {shortImage(rejected.image)} was rolled back {ago(rejected.at, now)}: {rejected.message}
        </p>
      ) : null}
      {course?.ended ? (
        <p class="hint">
          The last rollout: {shortImage(course.image)} (revision {course.number}),{' '}
          {OUTCOMES[course.ended.outcome]}.
        </p>
      ) : null}
      {course ? (
        <RolloutChart course={course} plan={trial?.plan ?? []} now={now} />
      ) : (
        <p class="hint">
          No rollout has been seen since this process of the operator began; the next one is drawn here.
        </p>
      )}
      {trial ? <Analyses detail={detail} /> : null}
      <Commands {...props} />
    </section>
  );
}

function strategyOf(strategy: string): string {
  return { canary: 'Canary', blueGreen: 'Blue-green', rolling: 'Rolling update' }[strategy] ?? strategy;
}

function spokenSince(at: string, now: number): string {
  return spoken((now - Date.parse(at)) / 1_000);
}

function Plan({ plan, step }: { plan: readonly string[]; step: number }) {
  return (
    <ol class="plan" aria-label="Steps">
      {plan.map((words, i) => (
        <li
          key={i}
          class={i < step ? 'done' : i === step ? 'current' : ''}
          aria-current={i === step ? 'step' : undefined}
        >
          {words}
        </li>
      ))}
    </ol>
  );
}

function Analyses({ detail }: { detail: Detail }) {
  const analyses = detail.trial?.analyses ?? [];
  if (analyses.length === 0) return null;
  return (
    <ul class="analyses" aria-label="Analyses">
      {analyses.flatMap(({ id, metrics }) =>
        metrics.map((metric) => (
          <li key={`${id} ${metric.name}`}>
            <Verdict verdict={metric.verdict} />
            <b>{metric.name}</b>
            <span class="hint">
              {metric.message} {metric.failures > 0 ? `(${metric.failures} of ${metric.count} failed)` : ''}
            </span>
          </li>
        )),
      )}
    </ul>
  );
}

/** Buttons for what makes sense now; who may only look is told so. */
function Commands({ detail, mayPatch, user, sent, onAsk }: Props) {
  const offers = detail.offers.filter(({ verb }) => verb !== 'undo');
  if (!mayPatch)
    return (
      <p class="hint read-only">
        {user} may look at {detail.key}, not change it: that takes the right to patch
        cryptosenseenvironments.cryptosense.io there.
      </p>
    );
  return (
    <div class="commands">
      <div class="buttons">
        {offers.map((offer) => (
          <button
            key={offer.verb}
            type="button"
            class={offer.tone === 'go' ? 'primary' : offer.tone === 'stop' ? 'danger' : ''}
            disabled={detail.noCommands !== undefined}
            onClick={() => onAsk(offer)}
          >
            {offer.label}
          </button>
        ))}
      </div>
      <p class="outcome" role="status">
        {detail.noCommands ?? outcomeOf(detail, sent)}
      </p>
    </div>
  );
}

/** What came of the command that was given here, or of the last one of anybody. */
function outcomeOf({ key, lastCommand }: Detail, sent: Sent | undefined): string {
  if (sent?.key === key && lastCommand?.at === sent.before)
    return `${sent.verb} ${sent.target} is written down; the operator carries it out.`;
  if (!lastCommand) return '';
  const { verb, accepted, message, by } = lastCommand;
  return `${verb}${by ? ` by ${by}` : ''}: ${accepted ? '' : 'refused: '}${message}.`;
}

import type { ComponentChildren, JSX } from 'preact';
import type {
  BackupView,
  ConditionView,
  Detail,
  EventView,
  Offer,
  Related,
  RestoreView,
} from '../../operator/dashboard/shapes.ts';
import { ago, bytes, shortImage, spoken, words } from './format.ts';

function Panel({
  title,
  hint,
  children,
}: {
  title: string;
  hint?: string | undefined;
  children: ComponentChildren;
}) {
  const id = `panel-${title.toLowerCase().replaceAll(/\W+/g, '-')}`;
  return (
    <section class="card" aria-labelledby={id}>
      <div class="card-head">
        <h3 id={id}>{title}</h3>
        {hint ? <p class="hint">{hint}</p> : null}
      </div>
      {children}
    </section>
  );
}

const TONE_ORDER = ['bad', 'note', 'good', 'plain'];
const SIGN = { good: '✓', bad: '✕', note: '!', plain: '·' };
const SIGN_WORDS = { good: 'well', bad: 'not well', note: 'worth a look', plain: '' };

export function Conditions({ conditions, now }: { conditions: readonly ConditionView[]; now: number }) {
  const sorted = [...conditions].sort((a, b) => TONE_ORDER.indexOf(a.tone) - TONE_ORDER.indexOf(b.tone));
  const open = sorted.filter(({ tone }) => tone === 'bad' || tone === 'note');
  const rest = sorted.filter((condition) => !open.includes(condition));
  return (
    <Panel title="Conditions" hint={open.length === 0 ? 'all is well' : undefined}>
      {open.length > 0 ? <ConditionItems conditions={open} now={now} /> : null}
      {rest.length > 0 ? (
        <details open={open.length === 0}>
          <summary>{open.length === 0 ? `All ${rest.length}` : `${rest.length} more`}</summary>
          <ConditionItems conditions={rest} now={now} />
        </details>
      ) : null}
    </Panel>
  );
}

function ConditionItems({ conditions, now }: { conditions: readonly ConditionView[]; now: number }) {
  return (
    <ul class="items">
      {conditions.map(({ type, tone, message, since, status }) => (
        <li key={type} class={`item ${tone}`}>
          <span class="sign" aria-hidden="true">
            {SIGN[tone]}
          </span>
          <div>
            <b>{words(type)}</b> <span class="unseen">{SIGN_WORDS[tone]}</span>
            <span class="hint">
              {' '}
              {status}, {ago(since, now)}
            </span>
            <p>{message}</p>
          </div>
        </li>
      ))}
    </ul>
  );
}

export function Components({ components }: Pick<Detail, 'components'>) {
  return (
    <Panel title="Components">
      <table>
        <thead>
          <tr>
            <th scope="col">Component</th>
            <th scope="col">Image</th>
            <th scope="col" class="number">
              Ready
            </th>
          </tr>
        </thead>
        <tbody>
          {components.map(({ name, image, pods, readyPods }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="image">{image ? shortImage(image) : ''}</td>
              <td class={`number ${readyPods < pods ? 'bad' : ''}`}>
                {readyPods} of {pods}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

/** Items of a list that comes with the viewer's own rights: loading, refused, empty, or there. */
function List<T>({
  list,
  empty,
  children,
}: {
  list: Related<T> | undefined;
  empty: string;
  children: (items: T[]) => JSX.Element;
}) {
  if (list === undefined) return <p class="hint">Loading</p>;
  if ('refused' in list) return <p class="hint">{list.refused}</p>;
  if (list.items.length === 0) return <p class="hint">{empty}</p>;
  return children(list.items);
}

export function Backups({ list, now }: { list: Related<BackupView> | undefined; now: number }) {
  return (
    <Panel title="Backups">
      <List list={list} empty="There is no backup yet.">
        {(items) => (
          <ul class="items">
            {items.slice(0, 8).map((backup) => (
              <li key={backup.name} class={`item ${backupTone(backup)}`}>
                <span class="sign" aria-hidden="true">
                  {SIGN[backupTone(backup)]}
                </span>
                <div>
                  <b>{backupWord(backup)}</b>
                  <span class="hint">
                    {' '}
                    {backup.type}
                    {backup.at ? `, ${ago(backup.at, now)}` : ''}
                    {backup.sizeBytes === undefined ? '' : `, ${bytes(backup.sizeBytes)}`}
                  </span>
                  <p class="image">{backup.name}</p>
                  {backupTone(backup) === 'good' ? null : <p>{backup.message}</p>}
                </div>
              </li>
            ))}
          </ul>
        )}
      </List>
    </Panel>
  );
}

function backupTone({ completed, verified }: BackupView): 'good' | 'bad' | 'note' | 'plain' {
  if (completed === 'False' || verified === 'False') return 'bad';
  if (completed !== 'True') return 'plain';
  return verified === 'True' ? 'good' : 'note';
}

function backupWord(backup: BackupView): string {
  const { completed, verified } = backup;
  if (completed === 'False') return 'Failed';
  if (completed !== 'True') return 'Under way';
  if (verified === 'True') return 'Verified';
  return verified === 'False' ? 'Cannot be restored' : 'Complete, not verified yet';
}

export function Drills({ list, now }: { list: Related<RestoreView> | undefined; now: number }) {
  return (
    <Panel title="Drills and restores">
      <List list={list} empty="None has been made yet.">
        {(items) => (
          <ul class="items">
            {items.slice(0, 8).map((restore) => {
              const tone =
                restore.completed === 'True' ? 'good' : restore.completed === 'False' ? 'bad' : 'plain';
              return (
                <li key={restore.name} class={`item ${tone}`}>
                  <span class="sign" aria-hidden="true">
                    {SIGN[tone]}
                  </span>
                  <div>
                    <b>{restore.mode === 'drill' ? 'Drill' : 'Restore in place'}</b>
                    <span class="hint">
                      {restore.at ? ` ${ago(restore.at, now)}` : ''}
                      {restore.rtoSeconds === undefined
                        ? ''
                        : `, answered after ${spoken(restore.rtoSeconds)}`}
                      {restore.rpoSeconds === undefined ? '' : `, ${spoken(restore.rpoSeconds)} lost`}
                    </span>
                    <p class="image">{restore.name}</p>
                    {restore.message ? <p>{restore.message}</p> : null}
                  </div>
                </li>
              );
            })}
          </ul>
        )}
      </List>
    </Panel>
  );
}

export function Messages({ messages, now }: Pick<Detail, 'messages'> & { now: number }) {
  if (messages.length === 0) return null;
  return (
    <Panel title="Alerts and messages">
      <ul class="items">
        {messages.slice(0, 8).map(({ id, at, severity, message }) => {
          const tone = severity === 'warning' ? 'note' : 'plain';
          return (
            <li key={id} class={`item ${tone}`}>
              <span class="sign" aria-hidden="true">
                {SIGN[tone]}
              </span>
              <div>
                <span class="hint">{ago(at, now)}</span>
                <p>{message}</p>
              </div>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

export function Events({ list, now }: { list: Related<EventView> | undefined; now: number }) {
  return (
    <Panel title="Events">
      <List list={list} empty="There is none; the cluster keeps them for an hour.">
        {(items) => (
          <ul class="items">
            {items.slice(0, 20).map(({ id, type, reason, message, at, count }) => (
              <li key={id} class={`item ${type === 'Warning' ? 'note' : 'plain'}`}>
                <span class="sign" aria-hidden="true">
                  {type === 'Warning' ? '!' : '·'}
                </span>
                <div>
                  <b>{reason}</b>
                  <span class="hint">
                    {' '}
                    {ago(at, now)}
                    {count > 1 ? `, ${count} times` : ''}
                  </span>
                  <p>{message}</p>
                </div>
              </li>
            ))}
          </ul>
        )}
      </List>
    </Panel>
  );
}

export function History({
  detail,
  mayPatch,
  now,
  onAsk,
}: {
  detail: Detail;
  mayPatch: boolean;
  now: number;
  onAsk(offer: Offer): void;
}) {
  if (detail.history.length === 0) return null;
  return (
    <Panel title="Releases">
      <ul class="items">
        {detail.history.slice(0, 8).map(({ number, revision, image, promotedAt, replacedAt, failed }) => {
          const back = detail.offers.find(
            ({ verb, target }) => verb === 'undo' && target === `${number}-${revision}`,
          );
          const isServing = revision === detail.stable?.revision;
          return (
            <li key={revision} class={`item ${isServing ? 'good' : failed ? 'bad' : 'plain'}`}>
              <span class="sign" aria-hidden="true">
                {SIGN[isServing ? 'good' : failed ? 'bad' : 'plain']}
              </span>
              <div>
                <b>{shortImage(image)}</b>
                <span class="hint"> revision {number}</span>
                <p class="hint">
                  {isServing
                    ? `serves since ${ago(promotedAt, now)}`
                    : `${failed ? 'was sent back' : 'was replaced'} ${replacedAt ? ago(replacedAt, now) : ''}`}
                </p>
              </div>
              {back && mayPatch ? (
                <button
                  type="button"
                  class="small"
                  disabled={detail.noCommands !== undefined}
                  aria-label={`${back.label}: ${shortImage(image)}, revision ${number}`}
                  onClick={() => onAsk(back)}
                >
                  {back.label}
                </button>
              ) : null}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

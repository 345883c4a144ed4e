import type { ConditionView, Detail } from '../../operator/dashboard/shapes.ts';
import { ago, shortImage, words } from './format.ts';
import { Panel, SIGN, SIGN_WORDS } from './panel.tsx';

const TONE_ORDER = ['bad', 'note', 'good', 'plain'];

/** What is not well first; the rest is folded away then. */
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

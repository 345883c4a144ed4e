import type { Detail, Offer } from '../../operator/dashboard/shapes.ts';
import { ago, shortImage, spoken } from './format.ts';
import { Panel, SIGN } from './panel.tsx';

/** The releases that served, with the way back to them. */
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
                    ? `serves for ${spoken((now - Date.parse(promotedAt)) / 1_000)}`
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

import type { Offer } from '../../operator/dashboard/shapes.ts';
import { Backups, Drills, Events } from './data-panels.tsx';
import { StateBadge } from './environment-list.tsx';
import { spoken } from './format.ts';
import { History } from './history.tsx';
import { Members } from './members.tsx';
import { Components, Conditions, Messages } from './panels.tsx';
import { Release } from './release.tsx';
import type { Opened, Sent } from './store.ts';

interface Props {
  opened: Opened;
  sent: Sent | undefined;
  now: number;
  onAsk(offer: Offer): void;
}

/** One environment in full. */
export function EnvironmentView({ opened, sent, now, onAsk }: Props) {
  const { detail, key, problem, mayPatch = false, user = '' } = opened;
  if (problem || !detail)
    return (
      <main class="view" id="main" tabIndex={-1}>
        <BackLink />
        <h2>{key}</h2>
        <p class={problem ? 'notice bad' : 'hint'}>{problem ?? 'Loading'}</p>
      </main>
    );
  return (
    <main class="view" id="main" tabIndex={-1}>
      <BackLink />
      <header class="view-head">
        <div class="title">
          <h2>{detail.name}</h2>
          <StateBadge row={detail} />
          <span class="tier">{detail.tier}</span>
        </div>
        <p class="hint">
          namespace {detail.namespace}
          {detail.endpoint ? `, answers at ${detail.endpoint}` : ''}
        </p>
        <p class="summary">{detail.summary}</p>
        {detail.waitingFor.map(({ what, since }) =>
          what === detail.summary ? null : (
            <p class="notice" key={what}>
              {what} <span class="hint">(for {spoken((now - Date.parse(since)) / 1_000)})</span>
            </p>
          ),
        )}
      </header>
      <Release
        detail={detail}
        mayPatch={mayPatch}
        user={user}
        course={opened.course}
        sent={sent}
        now={now}
        onAsk={onAsk}
      />
      <div class="columns">
        <div>
          <Conditions conditions={detail.conditions} now={now} />
          <Components components={detail.components} />
          <Members members={detail.members} />
          <History detail={detail} mayPatch={mayPatch} now={now} onAsk={onAsk} />
        </div>
        <div>
          <Backups list={opened.backups} now={now} />
          <Drills list={opened.restores} now={now} />
          <Messages messages={detail.messages} now={now} />
          <Events list={opened.events} now={now} />
        </div>
      </div>
    </main>
  );
}

/** On a phone there is one thing at a time. */
function BackLink() {
  return (
    <a class="back" href="#/">
      ← All environments
    </a>
  );
}

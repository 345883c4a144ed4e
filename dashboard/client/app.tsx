import { Confirm } from './confirm.tsx';
import { EnvironmentList } from './environment-list.tsx';
import { EnvironmentView } from './environment-view.tsx';
import type { Session } from './session.ts';
import { SignIn } from './sign-in.tsx';
import type { Model, Store } from './store.ts';
import { ThemeButton } from './theme-button.tsx';

const LIVE = { connecting: 'Connecting', live: 'Live', lost: 'No connection, trying again' };

/** The page for a state of it. */
export function App({ model, store, session }: { model: Model; store: Store; session: Session }) {
  const { token, opened, asking } = model;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to the content
      </button>
      <Bar model={model} session={session} />
      {token === undefined ? (
        <SignIn problem={model.signInProblem} onToken={session.signIn} />
      ) : (
        <div class={`panes ${opened ? 'with-view' : ''}`}>
          <EnvironmentList
            rows={model.rows}
            text={model.text}
            group={model.group}
            openKey={opened?.key}
            refused={model.refused}
            isLoading={model.user === undefined && model.refused === undefined}
            onText={(text) => store.set({ text })}
            onGroup={(group) => store.set({ group })}
          />
          {opened ? (
            <EnvironmentView
              opened={opened}
              sent={model.sent}
              now={model.now}
              onAsk={(offer) => store.set({ asking: offer })}
            />
          ) : (
            <main class="view nothing" id="main" tabIndex={-1}>
              <p class="hint">Choose an environment to see its release, conditions, backups and Events.</p>
            </main>
          )}
        </div>
      )}
      {asking && opened ? (
        <Confirm
          key={`${asking.verb} ${asking.target}`}
          environment={opened.key}
          offer={asking}
          onConfirm={() => session.command({ verb: asking.verb, target: asking.target })}
          onClose={() => store.set({ asking: undefined })}
        />
      ) : null}
    </>
  );
}

function Bar({ model, session }: { model: Model; session: Session }) {
  const { token, user, live } = model;
  return (
    <header class="bar">
      <h1 class="mark">
        <img src="/assets/icon.svg" alt="" width={26} height={26} />
        <span>CryptoSense</span> <span class="unseen">environments</span>
      </h1>
      {token === undefined ? null : (
        <p class="live" id="live" role="status" data-state={live}>
          {LIVE[live]}
        </p>
      )}
      <div class="actions">
        {user ? (
          <span class="user" title={user}>
            {user.replace(/^system:serviceaccount:/, '')}
          </span>
        ) : null}
        <ThemeButton />
        {token === undefined ? null : (
          <button type="button" onClick={() => session.signOut()}>
            Sign out
          </button>
        )}
      </div>
    </header>
  );
}

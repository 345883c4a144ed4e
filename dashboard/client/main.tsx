import { render } from 'preact';
import { App } from './app.tsx';
import { createSession, keptToken, type Session } from './session.ts';
import { createStore, type Model } from './store.ts';

const root = document.getElementById('app');
if (!root) throw new Error('the page has no #app');

/** Times on the page go on although nothing happens: quickly while a rollout is drawn. */
const TICK_MS = 1_000;
const SLOW_TICKS = 10;

let session: Session;
const draw = (model: Model) => {
  const start = performance.now();
  render(<App model={model} store={store} session={session} />, root);
  // For who measures the page; nothing is kept.
  performance.measure('draw', { start });
  performance.clearMeasures('draw');
};
const store = createStore(keptToken(), draw);
session = createSession(store);

function openFromAddress(): void {
  const key = /^#\/([^/]+\/[^/]+)$/.exec(location.hash)?.[1];
  session.open(key);
  document.title = key === undefined ? 'CryptoSense environments' : `${key} · CryptoSense`;
}

let beats = 0;
setInterval(() => {
  beats += 1;
  const { opened } = store.model;
  if (document.hidden || !opened?.detail) return;
  if (opened.detail.trial || beats % SLOW_TICKS === 0) store.set({ now: Date.now() });
}, TICK_MS);

addEventListener('hashchange', openFromAddress);
addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof HTMLInputElement;
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  document.getElementById('filter')?.focus();
});
openFromAddress();
draw(store.model);

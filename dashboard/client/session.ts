import type { Course, Detail, Row } from '../../operator/dashboard/shapes.ts';
import { followEvents, type OnEvent, Refused, sendCommand } from './event-stream.ts';
import { longer, merged, type Opened, type Store } from './store.ts';

const KEY = 'token';
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/** The token lasts as long as the tab: a cookie would be sent by itself, and storage of the browser would outlive it. */
export function keptToken(): string | undefined {
  return sessionStorage.getItem(KEY) ?? undefined;
}

export interface Session {
  signIn(token: string): void;
  signOut(problem?: string): void;
  /** Follows this environment from now on; undefined: none. */
  open(key: string | undefined): void;
  /** Rejects with Refused. */
  command(command: { verb: string; target: string }): Promise<void>;
}

export function createSession(store: Store): Session {
  let list = new AbortController();
  let detail = new AbortController();

  const signOut = (problem?: string) => {
    list.abort();
    detail.abort();
    sessionStorage.removeItem(KEY);
    store.set({
      token: undefined,
      user: undefined,
      rows: new Map(),
      opened: undefined,
      asking: undefined,
      signInProblem: problem,
      live: 'connecting',
    });
  };

  /** Follows until it is over for good: again after each end, later and later while the operator does not answer. */
  const keepFollowing = async (
    path: string,
    signal: AbortSignal,
    on: OnEvent,
    onRefused: (refused: Refused) => boolean,
  ) => {
    let retryMs = FIRST_RETRY_MS;
    const { token } = store.model;
    while (!signal.aborted && token !== undefined) {
      try {
        await followEvents(
          path,
          token,
          (event, data) => {
            retryMs = FIRST_RETRY_MS;
            if (!signal.aborted) on(event, data);
          },
          signal,
        );
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused) {
          if (error.status === 401) return signOut(error.message);
          if (onRefused(error)) return;
        }
        store.set({ live: 'lost' });
        retryMs = Math.min(LONGEST_RETRY_MS, retryMs * 2);
      }
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  };

  const followList = () => {
    list.abort();
    list = new AbortController();
    const on: OnEvent = (event, data) => {
      if (event === 'hello') store.set({ user: (data as { user: string }).user, live: 'live' });
      if (event !== 'environments') return;
      const told = data as { all?: boolean; rows: Row[]; gone: string[]; refused?: string };
      store.set({
        rows: merged(store.model.rows, told),
        live: 'live',
        ...(told.all ? { refused: told.refused } : {}),
      });
    };
    void keepFollowing('/api/environments', list.signal, on, ({ status, message }) => {
      if (status >= 500) return false;
      store.set({ refused: message, live: 'lost' });
      return true;
    });
  };

  const open = (key: string | undefined) => {
    if (store.model.opened?.key === key) return;
    detail.abort();
    detail = new AbortController();
    store.set({ opened: key === undefined ? undefined : { key }, asking: undefined, sent: undefined });
    if (key === undefined || store.model.token === undefined) return;
    const on: OnEvent = (event, data) => {
      if (event === 'course')
        store.setOpened(key, {
          course: longer(store.model.opened?.course, data as Course & { since?: number }),
        });
      else if (event === 'gone') store.setOpened(key, { problem: `${key} is deleted.` });
      else if (event === 'environment')
        store.setOpened(key, data as { detail: Detail; user: string; mayPatch: boolean });
      else if (event !== 'again') store.setOpened(key, { [event]: data } as Partial<Opened>);
      store.set({ now: Date.now() });
    };
    void keepFollowing(`/api/environments/${key}`, detail.signal, on, ({ status, message }) => {
      if (status >= 500) return false;
      store.setOpened(key, { problem: message });
      return true;
    });
  };

  const reopen = () => {
    const key = store.model.opened?.key;
    store.set({ opened: undefined });
    open(key);
  };

  if (store.model.token !== undefined) followList();
  return {
    signIn: (token) => {
      sessionStorage.setItem(KEY, token);
      store.set({ token, signInProblem: undefined, refused: undefined, live: 'connecting' });
      followList();
      reopen();
    },
    signOut,
    open,
    command: async (command) => {
      const { opened, token = '' } = store.model;
      if (!opened) return;
      const before = opened.detail?.lastCommand?.at;
      await sendCommand(opened.key, token, command);
      store.set({ asking: undefined, sent: { key: opened.key, ...command, before } });
    },
  };
}

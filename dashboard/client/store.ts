import type {
  BackupView,
  Course,
  Detail,
  EventView,
  Offer,
  Related,
  RestoreView,
  Row,
} from '../../operator/dashboard/shapes.ts';
import type { Group } from './states.ts';

/** What is known of the environment that is open. */
export interface Opened {
  key: string;
  detail?: Detail;
  user?: string;
  mayPatch?: boolean;
  course?: Course;
  events?: Related<EventView>;
  backups?: Related<BackupView>;
  restores?: Related<RestoreView>;
  /** Why it is not shown. */
  problem?: string;
}

/** A command that was sent, until its outcome is seen. */
export interface Sent {
  key: string;
  verb: string;
  target: string;
  /** `lastCommand.at` as it was before: another one is the outcome. */
  before: string | undefined;
}

export interface Model {
  token: string | undefined;
  user: string | undefined;
  /** Why one has to sign in again. */
  signInProblem: string | undefined;
  live: 'connecting' | 'live' | 'lost';
  rows: ReadonlyMap<string, Row>;
  /** Why nothing can be seen. */
  refused: string | undefined;
  text: string;
  group: Group | undefined;
  opened: Opened | undefined;
  asking: Offer | undefined;
  sent: Sent | undefined;
  now: number;
}

export interface Store {
  readonly model: Model;
  set(changes: Partial<Model>): void;
  /** Changes what is known of the environment that is open, unless another one is by now. */
  setOpened(key: string, changes: Partial<Opened>): void;
}

/** The one state of the page; `draw` is called after each change, once for those that come together. */
export function createStore(token: string | undefined, draw: (model: Model) => void): Store {
  let model: Model = {
    token,
    user: undefined,
    signInProblem: undefined,
    live: 'connecting',
    rows: new Map(),
    refused: undefined,
    text: '',
    group: undefined,
    opened: undefined,
    asking: undefined,
    sent: undefined,
    now: Date.now(),
  };
  let isDue = false;
  const set = (changes: Partial<Model>) => {
    model = { ...model, ...changes };
    if (isDue) return;
    isDue = true;
    queueMicrotask(() => {
      isDue = false;
      draw(model);
    });
  };
  return {
    get model() {
      return model;
    },
    set,
    setOpened: (key, changes) => {
      if (model.opened?.key === key) set({ opened: { ...model.opened, ...changes } });
    },
  };
}

/** The rows after what the server told. */
export function merged(
  rows: ReadonlyMap<string, Row>,
  told: { all?: boolean; rows: Row[]; gone: string[] },
): Map<string, Row> {
  const after = new Map(told.all ? [] : rows);
  for (const row of told.rows) after.set(row.key, row);
  for (const key of told.gone) after.delete(key);
  return after;
}

/** The course after what the server told: all of it, or what came to it. */
export function longer(before: Course | undefined, told: Course & { since?: number }): Course {
  const { since, ...course } = told;
  if (since === undefined || !before) return course;
  return { ...course, samples: [...before.samples.slice(0, since), ...course.samples] };
}

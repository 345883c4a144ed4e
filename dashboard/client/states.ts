import type { State } from '../../operator/dashboard/shapes.ts';

/** A word for each state, and what it asks of the person who looks. */
export const STATES: Readonly<Record<State, { word: string; group: Group }>> = {
  down: { word: 'Down', group: 'attention' },
  notReady: { word: 'Not ready', group: 'attention' },
  stalled: { word: 'Stalled', group: 'attention' },
  rolledBack: { word: 'Rolled back', group: 'attention' },
  waiting: { word: 'Waits for you', group: 'attention' },
  releasing: { word: 'Releasing', group: 'moving' },
  starting: { word: 'Starting', group: 'moving' },
  deleting: { word: 'Being deleted', group: 'moving' },
  paused: { word: 'Paused', group: 'quiet' },
  serving: { word: 'Serving', group: 'quiet' },
};

export type Group = 'attention' | 'moving' | 'quiet';

export const GROUPS: Readonly<Record<Group, string>> = {
  attention: 'Need attention',
  moving: 'Moving',
  quiet: 'Quiet',
};

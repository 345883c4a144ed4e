import type { Environment } from '../../operator/api/resolved.ts';
import { targetOf } from '../../operator/rollout/candidate.ts';
import type { Verb } from '../../operator/rollout/state.ts';
import { CliError, EXIT } from '../exit.ts';
import type { HistoryEntry } from './history.ts';

export type Asked = Verb | 'contract';

/** A release, and the image to show to a person. */
export interface Picked {
  release: string;
  image: string;
}

/**
 * The release that a command is for when none is named: the one that it can be for. Pure. Throws CliError, with what there
 * is instead, when there is none.
 */
export function pickRelease(
  verb: Asked,
  { metadata, status = {} }: Environment,
  entries: readonly HistoryEntry[],
): Picked {
  const { stable, candidate, rejected, undone } = status;
  const name = `${metadata.namespace}/${metadata.name}`;
  const none = (sentence: string) => new CliError(sentence, EXIT.notFound);
  switch (verb) {
    case 'promote':
    case 'promote-full':
    case 'pause':
    case 'resume':
      if (candidate) return picked(candidate);
      throw none(
        `${name} is trying no release that could be ${PAST[verb]}${stable ? `: ${stable.image} serves` : ''}.${verb === 'pause' ? ' To stop the operator altogether, set spec.paused to true.' : ''}`,
      );
    case 'abort': {
      const tried = candidate ?? stable;
      if (tried) return picked(tried);
      throw none(`${name} has no release yet.`);
    }
    case 'retry': {
      if (rejected) return picked(rejected);
      const asked = undone && entries.find(({ revision }) => revision === undone.spec);
      if (asked) return asked;
      throw none(
        `${name} has no release that was rolled back or undone${stable ? `: ${stable.image} serves` : ''}.`,
      );
    }
    case 'undo': {
      const before = entries.find(
        ({ outcome, number }) => outcome === 'served' && number < (stable?.number ?? 0),
      );
      const other = before ?? entries.find(({ outcome }) => outcome === 'served');
      if (other) return other;
      throw none(`${name} has no earlier release to go back to.`);
    }
    case 'restart':
    case 'contract':
      if (stable) return picked(stable);
      throw none(`${name} has no release that serves yet.`);
  }
}

const PAST: Record<'promote' | 'promote-full' | 'pause' | 'resume', string> = {
  promote: 'promoted',
  'promote-full': 'promoted',
  pause: 'held',
  resume: 'resumed',
};

/** The release that somebody names by number, revision, both (`5-0a1b2c3d4e`) or image. Pure. */
export function namedRelease(named: string, entries: readonly HistoryEntry[]): Picked {
  const exact = entries.filter(
    ({ release, number, image, revision }) =>
      release === named || String(number) === named || image === named || revision === named,
  );
  const found =
    exact.length > 0
      ? exact
      : entries.filter(({ revision, image }) => revision.startsWith(named) || image.endsWith(`:${named}`));
  const [only, ...others] = found;
  const list = (some: readonly HistoryEntry[]) =>
    some.map(({ release, image }) => `${release} (${image})`).join(', ');
  if (only === undefined)
    throw new CliError(
      `There is no release ${named} in the history${entries.length > 0 ? `; there are ${list(entries.slice(0, 5))}` : ''}.`,
      EXIT.notFound,
    );
  if (others.length > 0)
    throw new CliError(`${named} is more than one release: ${list(found)}. Name its number.`, EXIT.notFound);
  return only;
}

function picked(one: { number: number; revision: string; image: string }): Picked {
  return { release: targetOf(one), image: one.image };
}

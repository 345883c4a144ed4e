import type { Command, Option } from 'commander';
import { FORMATS } from '../session.ts';

/** A word that could come next, and what it means. */
export interface Candidate {
  word: string;
  says: string;
}

/** What only the cluster and the kubeconfig know. Each may take a while, and fail: then there is nothing to propose. */
export interface Lookup {
  environments(): Promise<string[]>;
  releases(environment: string | undefined): Promise<Candidate[]>;
  namespaces(): Promise<string[]>;
  contexts(): string[];
}

/**
 * What could stand in the place of the last of `words` (those after the program's name; the last one may be empty).
 * Pure but for `lookup`.
 */
export async function candidatesOf(
  program: Command,
  words: readonly string[],
  lookup: Lookup,
): Promise<Candidate[]> {
  const typed = words.slice(0, -1);
  const partial = words.at(-1) ?? '';
  const { command, before, rest } = walk(program, typed);
  const all =
    before !== undefined
      ? await valuesOf(before, rest, lookup)
      : partial.startsWith('-')
        ? optionsOf(command)
        : command.commands.length > 0
          ? command.commands.filter((one) => !one.name().startsWith('_')).map(commandCandidate)
          : await argumentsOf(command, rest, lookup);
  return all.filter(({ word }) => word.startsWith(partial));
}

/** The command that the words lead to, its arguments, and the option whose value comes next. */
function walk(program: Command, typed: readonly string[]) {
  let command = program;
  let before: Option | undefined;
  const rest: string[] = [];
  for (const word of typed) {
    if (before !== undefined) {
      before = undefined;
      continue;
    }
    if (word.startsWith('-')) {
      const option = allOptions(command).find(({ long, short }) => word === long || word === short);
      if (option && (option.required || option.optional)) before = option;
      continue;
    }
    const next = command.commands.find((one) => one.name() === word);
    if (next) command = next;
    else rest.push(word);
  }
  return { command, before, rest };
}

function allOptions(command: Command): Option[] {
  return [...command.options, ...(command.parent ? allOptions(command.parent) : [])];
}

function optionsOf(command: Command): Candidate[] {
  const help = { word: '--help', says: 'Say how it is used.' };
  return [
    ...allOptions(command)
      .filter(({ hidden, long }) => !hidden && long !== undefined)
      .map(({ long, description }) => ({ word: long as string, says: description })),
    help,
  ];
}

function commandCandidate(command: Command): Candidate {
  return { word: command.name(), says: command.description() };
}

async function valuesOf({ long }: Option, rest: readonly string[], lookup: Lookup): Promise<Candidate[]> {
  switch (long) {
    case '--output':
      return words(FORMATS);
    case '--context':
      return words(lookup.contexts());
    case '--namespace':
      return words(await lookup.namespaces());
    case '--release':
      return lookup.releases(rest[0]);
    default:
      return [];
  }
}

async function argumentsOf(command: Command, rest: readonly string[], lookup: Lookup): Promise<Candidate[]> {
  const argument = command.registeredArguments[rest.length];
  if (argument?.argChoices) return words(argument.argChoices);
  return argument?.name() === 'environment' ? words(await lookup.environments()) : [];
}

function words(some: readonly string[]): Candidate[] {
  return some.map((word) => ({ word, says: '' }));
}

/** In the form that kubectl and its shells read: a word and its meaning a line, then that no files belong here. */
export function completionLines(candidates: readonly Candidate[]): string {
  const lines = candidates.map(({ word, says }) => (says === '' ? word : `${word}\t${says}`));
  return `${[...lines, ':4'].join('\n')}\n`;
}

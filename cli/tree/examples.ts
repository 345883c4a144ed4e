import type { Command } from 'commander';

/** Examples below the help of a command, each with what it does. */
export function examples(command: Command, ...lines: readonly (readonly [string, string])[]): Command {
  const width = Math.max(...lines.map(([typed]) => typed.length));
  const text = lines.map(([typed, does]) => `  ${typed.padEnd(width)}  # ${does}`).join('\n');
  return command.addHelpText('after', `\nExamples:\n${text}\n`);
}

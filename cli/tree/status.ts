import type { Command } from 'commander';
import { duration } from '../arguments.ts';
import { history } from '../commands/history.ts';
import { type RolloutOptions, rolloutStatus } from '../commands/rollout.ts';
import { type StatusOptions, status } from '../commands/status.ts';
import type { Run } from '../program.ts';
import { examples } from './examples.ts';

/** The commands that look. */
export function addStatusCommands(program: Command, run: Run): void {
  const overview = program
    .command('status')
    .description('What an environment is made of, how each part is, and what is waited for.')
    .argument('[environment]', 'Its name; the only one of the namespace when left out.')
    .option('-A, --all-namespaces', 'A line for each environment of every namespace.')
    .option('-w, --watch', 'Draw it again whenever something changes.')
    .action((name: string | undefined, options: StatusOptions, command: Command) =>
      run(command, (session) => status(session, name, options)),
    );
  examples(
    overview,
    ['kubectl cryptosense status shop', 'the tree of one environment'],
    ['kubectl cryptosense status -A', 'a line each, of every namespace'],
    ['kubectl cryptosense status shop -o json', 'the same tree for a program'],
  );

  const rollout = program.command('rollout').description('The release that is under way.');
  const progress = rollout
    .command('status')
    .description('How the release stands: step, weight, pods, verdicts.')
    .argument('[environment]', 'Its name; the only one of the namespace when left out.')
    .option('-w, --watch', 'Follow it until it is promoted (0) or rolled back (1).')
    .option('--timeout <duration>', 'Stop following after so long (exit code 6).', duration)
    .action((name: string | undefined, options: RolloutOptions, command: Command) =>
      run(command, (session) => rolloutStatus(session, name, options)),
    );
  examples(
    progress,
    ['kubectl cryptosense rollout status shop', 'where it is; exit code 6 while it is under way'],
    ['kubectl cryptosense rollout status shop --watch', 'until it is promoted or rolled back'],
    [
      'kubectl cryptosense rollout status shop -w --timeout 30m -o json',
      'a line of JSON a change, for a pipeline',
    ],
  );

  examples(
    program
      .command('history')
      .description('The releases with image, when, and what became of them.')
      .argument('[environment]', 'Its name; the only one of the namespace when left out.')
      .action((name: string | undefined, _options: object, command: Command) =>
        run(command, (session) => history(session, name)),
      ),
    ['kubectl cryptosense history shop', 'the newest first'],
    [`kubectl cryptosense history shop -o json | jq -r '.[0].config'`, 'with what the newest was configured'],
  );
}

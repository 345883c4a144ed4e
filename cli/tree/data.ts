import { type Command, Option } from 'commander';
import { duration } from '../arguments.ts';
import { backup, backups, type FollowOptions, type RestoreOptions, restore } from '../commands/data.ts';
import { psql } from '../commands/psql.ts';
import type { Run } from '../program.ts';
import { examples } from './examples.ts';

const NAME = ['[environment]', 'Its name; the only one of the namespace when left out.'] as const;

/** The commands about the database and its backups. */
export function addDataCommands(program: Command, run: Run): void {
  const taking = program
    .command('backup')
    .description('Take a backup now, and follow it until it is complete.')
    .argument(...NAME)
    .addOption(
      new Option('--type <type>', 'full: every file and the log; dump: portable SQL.').choices([
        'full',
        'dump',
      ]),
    )
    .action(
      (name: string | undefined, options: FollowOptions & { type?: 'full' | 'dump' }, command: Command) =>
        run(command, (session) => backup(session, name, options)),
    );
  examples(
    followed(taking),
    ['kubectl cryptosense backup shop', 'a full one; exit code 0 when it is in the bucket'],
    ['kubectl cryptosense backup shop --type dump --no-wait', 'asks for it, and does not wait'],
  );

  examples(
    program
      .command('backups')
      .description('The backups, restores and drills of an environment, the newest first.')
      .argument(...NAME)
      .action((name: string | undefined, _options: object, command: Command) =>
        run(command, (session) => backups(session, name)),
      ),
    ['kubectl cryptosense backups shop', 'with size, and up to when they have the data'],
    [
      `kubectl cryptosense backups shop -o json | jq '.backups[] | select(.state == "failed")'`,
      'those that failed',
    ],
  );

  const restoring = targeted(
    program
      .command('restore')
      .description('Restore a backup: into a scratch database, or with --in-place over the data.')
      .argument(...NAME),
  )
    .option('--in-place', 'Replace the data of the environment. Its name has to be typed.')
    .option('--without-safety-backup', 'With --in-place: take no backup of what is replaced first.')
    .option('--confirm <name>', 'The name of the environment, where nobody can be asked.')
    .action((name: string | undefined, options: RestoreOptions, command: Command) =>
      run(command, (session) => restore(session, name, options)),
    );
  examples(
    followed(restoring),
    [
      'kubectl cryptosense restore shop --backup shop-20261123-020000',
      'into a scratch database, to see that it works',
    ],
    [
      'kubectl cryptosense restore shop --in-place --time 2026-11-23T09:30:00Z',
      'the data of that moment, in place',
    ],
  );

  const drill = targeted(
    program
      .command('drill')
      .description('Rehearse a restore of the newest backup: how long it takes, and how much would be lost.')
      .argument(...NAME),
  ).action((name: string | undefined, options: RestoreOptions, command: Command) =>
    run(command, (session) => restore(session, name, { ...options, inPlace: false })),
  );
  examples(followed(drill), ['kubectl cryptosense drill shop', 'says how long it took']);

  examples(
    program
      .command('psql')
      .description('A session at the database, through its pod. What stands after -- goes to psql.')
      .argument(...NAME)
      .argument('[psql...]', 'Arguments of psql, after --.')
      .action((_name: string | undefined, _args: string[], _options: object, command: Command) => {
        const { name, args } = dividedAt(command.args, process.argv);
        return run(command, (session) => psql(session, name, { args }));
      }),
    ['kubectl cryptosense psql shop', 'interactive'],
    ['kubectl cryptosense psql shop -- -c "select count(*) from users"', 'one question, for a script'],
  );
}

/** What is before -- names the environment, which may be left out; what is behind it is for psql. */
function dividedAt(
  operands: readonly string[],
  typed: readonly string[],
): { name: string | undefined; args: string[] } {
  const at = typed.indexOf('--');
  const behind = at < 0 ? 0 : typed.length - at - 1;
  const named = operands.slice(0, operands.length - behind);
  return { name: named[0], args: [...named.slice(1), ...operands.slice(operands.length - behind)] };
}

function targeted(command: Command): Command {
  return command
    .option('--backup <name>', 'This backup; the newest state when nothing is named.')
    .option('--time <moment>', 'The data of this moment, such as 2026-11-23T09:30:00Z.')
    .option('--lsn <position>', 'Up to this position in the log.')
    .option('--point <name>', 'Up to this named restore point.');
}

function followed(command: Command): Command {
  return command
    .option('--name <name>', 'Name of the object that asks for it; made of the time when left out.')
    .option('--no-wait', 'Ask for it, and do not wait.')
    .option('--timeout <duration>', 'Stop waiting after so long (exit code 6); 1h.', duration);
}

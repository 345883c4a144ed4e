import { type Command, Option } from 'commander';
import { count, duration } from '../arguments.ts';
import { type CostOptions, cost } from '../commands/cost.ts';
import { doctor } from '../commands/doctor.ts';
import { type LogsOptions, logs } from '../commands/logs.ts';
import { support } from '../commands/support.ts';
import type { Run } from '../program.ts';
import { examples } from './examples.ts';

const NAME = ['[environment]', 'Its name; the only one of the namespace when left out.'] as const;
const COMPONENTS = ['api', 'database', 'pooler', 'cache', 'sentinel', 'predictor', 'migration'];

/** The commands of who looks after an environment. */
export function addCareCommands(program: Command, run: Run): void {
  examples(
    program
      .command('logs')
      .description('What all pods of a release or a component say, each line with its pod.')
      .argument(...NAME)
      .option('-r, --release <release>', 'Only pods of this release.')
      .addOption(new Option('-c, --component <component>', 'api when left out.').choices(COMPONENTS))
      .option('-f, --follow', 'Go on, also with pods that come later.')
      .option('--tail <lines>', 'So many last lines a pod; with --follow 20.', count)
      .option('--since <duration>', 'Only what is younger, such as 10m.', duration)
      .option('-p, --previous', 'Of the containers before the last restart.')
      .option('-t, --timestamps', 'With the moment of each line.')
      .action((name: string | undefined, options: LogsOptions, command: Command) =>
        run(command, (session) => logs(session, name, options)),
      ),
    ['kubectl cryptosense logs shop -f', 'all pods of the API, new ones too'],
    ['kubectl cryptosense logs shop --release 5 --since 10m', 'only release 5, the last ten minutes'],
    ['kubectl cryptosense logs shop -c database --tail 50', 'PostgreSQL'],
  );
  examples(
    program
      .command('doctor')
      .description('The checklists of before and after the launch, each item looked at, with remedies.')
      .argument(...NAME)
      .option('--strict', 'Warnings end with exit code 1, too.')
      .action((name: string | undefined, options: { strict?: boolean }, command: Command) =>
        run(command, (session) => doctor(session, name, options)),
      ),
    ['kubectl cryptosense doctor shop', 'exit code 1 when something is to be mended'],
    [`kubectl cryptosense doctor shop -o json | jq '.[] | select(.verdict == "fail")'`, 'for a pipeline'],
  );
  examples(
    program
      .command('cost')
      .description('What an environment costs a month, by the figures of the guide or by yours.')
      .argument(...NAME)
      .option('--cpu <dollars>', 'Your price of one CPU a month.', Number)
      .option('--memory <dollars>', 'Your price of one GiB of memory a month.', Number)
      .option('--storage <dollars>', 'Your price of one GiB of storage a month.', Number)
      .action((name: string | undefined, options: CostOptions, command: Command) =>
        run(command, (session) => cost(session, name, options)),
      ),
    ['kubectl cryptosense cost shop', 'with the assumptions'],
    ['kubectl cryptosense cost shop --cpu 25 --memory 3.5 --storage 0.1', 'with the prices of your cloud'],
  );
  examples(
    program
      .command('support')
      .description('One file with objects, Events and logs, without any secret.')
      .argument(...NAME)
      .option('--file <file>', 'Where to; a name with the time when left out.')
      .action((name: string | undefined, options: { file?: string }, command: Command) =>
        run(command, (session) => support(session, name, options)),
      ),
    ['kubectl cryptosense support shop', 'cryptosense-market-shop-<time>.tar.gz'],
  );
}

import type { Command } from 'commander';
import { duration } from '../arguments.ts';
import type { PlanOptions } from '../commands/plan.ts';
import type { Run } from '../program.ts';
import { examples } from './examples.ts';

export function addPlan(program: Command, run: Run): void {
  examples(
    program
      .command('plan')
      .description('What would happen if a resource were applied now. Nothing is written.')
      .requiredOption('-f, --filename <file>', 'A file with environments; - for standard input.')
      .option('--pod-start <duration>', 'How long a pod is taken to need until it is ready; 10s.', duration)
      .option('--job <duration>', 'How long a Job is taken to run; 10s.', duration)
      .action(async (options: PlanOptions, command: Command) => {
        // With the charts, which no other command needs.
        const { plan } = await import('../commands/plan.ts');
        return run(command, (session) => plan(session, options));
      }),
    ['kubectl cryptosense plan -f shop.yaml', '0: nothing to do, 2: something would be changed, 1: refused'],
    ['kubectl cryptosense plan -n market -f - < shop.yaml', 'from standard input'],
  );
}

import { Command } from 'commander';
import project from '../package.json' with { type: 'json' };
import { format } from './arguments.ts';
import { addCompletion } from './completion/command.ts';
import type { ExitCode } from './exit.ts';
import type { GlobalOptions, Session } from './session.ts';
import { addCareCommands } from './tree/care.ts';
import { addDataCommands } from './tree/data.ts';
import { addPlan } from './tree/plan.ts';
import { addReleaseCommands } from './tree/releases.ts';
import { addStatusCommands } from './tree/status.ts';

/** Runs a command in a session that is made from its options, and keeps its exit code. */
export type Run = (command: Command, body: (session: Session) => Promise<ExitCode>) => Promise<void>;

const EXIT_CODES = `
Exit codes: 0 done, 1 refused or failed, 2 plan: something would be changed, 3 no cluster or no operator,
4 no rights, 5 not found, 6 not there yet, 64 typed wrongly, 130 Ctrl-C.
`;

/** The command line, without anything done yet. `run` makes the session; pure otherwise. */
export function programOf(run: Run): Command {
  const program = new Command('kubectl cryptosense')
    .description('CryptoSense environments: how they are, their releases, their data.')
    .version(project.version, '--version', 'Say the version.')
    .option('-n, --namespace <namespace>', 'Namespace; that of the context when left out.')
    .option('--context <name>', 'Context of the kubeconfig.')
    .option('--kubeconfig <file>', 'The kubeconfig; KUBECONFIG or ~/.kube/config when left out.')
    .option('-o, --output <format>', 'text, json or yaml.', format)
    .helpOption('-h, --help', 'Say how it is used.')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .addHelpText('after', EXIT_CODES)
    .showSuggestionAfterError(true)
    .exitOverride();
  addStatusCommands(program, run);
  addReleaseCommands(program, run);
  addPlan(program, run);
  addDataCommands(program, run);
  addCareCommands(program, run);
  addCompletion(program, run);
  for (const command of every(program)) command.exitOverride();
  return program;
}

/** The command and all below it. */
export function every(command: Command): Command[] {
  return [command, ...command.commands.flatMap(every)];
}

export function globalsOf(command: Command): GlobalOptions {
  return command.optsWithGlobals<GlobalOptions>();
}

import { Argument, type Command } from 'commander';
import { LABELS } from '../../operator/api/resolved.ts';
import { RESOURCES } from '../../operator/environment/resources.ts';
import { findEnvironment, listEnvironments } from '../cluster/environments.ts';
import { readAll } from '../cluster/parts.ts';
import { EXIT } from '../exit.ts';
import { globalsOf, type Run } from '../program.ts';
import { historyOf } from '../rollout/history.ts';
import { type GlobalOptions, type Session, targetOf } from '../session.ts';
import { examples } from '../tree/examples.ts';
import { type Candidate, candidatesOf, completionLines, type Lookup } from './candidates.ts';
import { completionScript, SHELLS, type Shell } from './scripts.ts';

/** A shell does not wait long for words. */
const PATIENCE_MS = 3_000;

export function addCompletion(program: Command, run: Run): void {
  examples(
    program
      .command('completion')
      .description('The script by which a shell completes words.')
      .addArgument(new Argument('<shell>', 'bash, zsh or fish.').choices(SHELLS))
      .action((shell: Shell) => void process.stdout.write(completionScript(shell))),
    ['source <(kubectl-cryptosense completion bash)', 'in ~/.bashrc'],
    ['kubectl-cryptosense completion fish | source', 'in fish, for this session'],
  );
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (_words: string[], _options: object, command: Command) => {
      // As they were typed: commander has taken the options out.
      const typed = process.argv.slice(process.argv.indexOf('__complete') + 1);
      process.stdout.write(completionLines(await candidatesOf(program, typed, lookupOf(command, run))));
    });
}

function lookupOf(command: Command, run: Run): Lookup {
  const ask = async <T>(body: (session: Session) => Promise<T[]>): Promise<T[]> => {
    let found: T[] = [];
    await run(command, async (session) => {
      const signal = AbortSignal.any([session.signal, AbortSignal.timeout(PATIENCE_MS)]);
      found = await body({ ...session, signal }).catch(() => []);
      return EXIT.done;
    });
    return found;
  };
  return {
    environments: () =>
      ask(async (session) => (await listEnvironments(session)).map(({ metadata }) => metadata.name)),
    releases: (environment) => ask((session) => releases(session, environment)),
    namespaces: () =>
      ask(async (session) => {
        const all = await listEnvironments(session, { isEverywhere: true });
        return [...new Set(all.map(({ metadata }) => metadata.namespace))];
      }),
    contexts: () => contexts(globalsOf(command)),
  };
}

async function releases(session: Session, name: string | undefined): Promise<Candidate[]> {
  const environment = await findEnvironment(session, name);
  const { namespace, name: own } = environment.metadata;
  const { items } = await readAll(session, {
    resource: RESOURCES.controllerRevisions,
    namespace,
    labelSelector: `${LABELS.environment}=${own},${LABELS.revision}`,
  });
  return historyOf(environment, items).map(({ release, image, outcome }) => ({
    word: release,
    says: `${image}, ${outcome}`,
  }));
}

function contexts(options: GlobalOptions): string[] {
  try {
    return targetOf(options)
      .config.getContexts()
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

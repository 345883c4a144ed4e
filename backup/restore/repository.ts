import { CommandError, type CommandOptions, run } from '../commands.ts';
import { explained, SCRIPT } from '../repository.ts';

/** A repository of backups: the environment's own, or the one that a new environment is made from. */
export interface Repository {
  /** The image's script that gives pgBackRest its settings and secrets. */
  readonly script: string;
  /** Folder of the settings and secrets, where that is another than the script's own. */
  readonly folder?: string;
}

export const OWN_REPOSITORY: Repository = { script: SCRIPT };

/** Runs pgBackRest on the repository. Throws CommandError with pgBackRest's own reason and exit code. */
export async function pgbackrest(
  { script, folder }: Repository,
  args: readonly string[],
  options: CommandOptions,
): Promise<string> {
  try {
    return await run(script, args, { ...options, ...(folder ? { env: { BACKUP_FOLDER: folder } } : {}) });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(explained(error.message), error);
  }
}

/** The same for a shell, before the arguments. */
export function shellCommand({ script, folder }: Repository): string {
  return folder ? `BACKUP_FOLDER=${folder} ${script}` : script;
}

import type { Command } from 'commander';
import { duration } from '../arguments.ts';
import { type ReleaseOptions, releaseCommand } from '../commands/release.ts';
import type { Run } from '../program.ts';
import type { Asked } from '../rollout/pick.ts';
import { examples } from './examples.ts';

interface Description {
  does: string;
  /** There is something to follow afterwards. */
  isFollowed?: true;
  example: readonly [string, string];
}

const COMMANDS: Record<Asked, Description> = {
  promote: {
    does: 'End the pause or analysis that the release is at, and go one step on.',
    isFollowed: true,
    example: ['promote shop', 'asks first, then says what the operator did'],
  },
  'promote-full': {
    does: 'Take the release to its end, without further pauses and analyses.',
    isFollowed: true,
    example: ['promote-full shop --yes --watch', 'without asking, and until it serves'],
  },
  abort: {
    does: 'Take all requests away from the release that is being tried, at once.',
    example: ['abort shop --yes', 'without asking'],
  },
  retry: {
    does: 'Try the release that was rolled back or undone again, from its first step.',
    isFollowed: true,
    example: ['retry shop --watch', 'and follow it'],
  },
  undo: {
    does: 'Go back to the release before, or to a named one, with its own configuration.',
    isFollowed: true,
    example: ['undo shop --release 3', 'to release 3 of the history'],
  },
  pause: {
    does: 'Hold the release that is being tried where it is.',
    example: ['pause shop', 'no deadline runs meanwhile'],
  },
  resume: {
    does: 'Let a release that is held go on.',
    isFollowed: true,
    example: ['resume shop', 'from where it was'],
  },
  restart: {
    does: 'Replace the pods of the release that serves one after the other, a new one first.',
    example: ['restart shop', 'no request is lost'],
  },
  contract: {
    does: 'Run the contract migration of the release that serves. There is no way back after it.',
    example: ['contract shop --release 5-0a1b2c3d4e', 'of this release and no other'],
  },
};

/** The commands to a release. */
export function addReleaseCommands(program: Command, run: Run): void {
  for (const [verb, { does, isFollowed, example }] of Object.entries(COMMANDS)) {
    const command = program
      .command(verb)
      .description(does)
      .argument('[environment]', 'Its name; the only one of the namespace when left out.')
      .option('-r, --release <release>', 'The release, by number, revision, both (5-0a1b2c3d4e) or image.')
      .option('-y, --yes', 'Do not ask.')
      .option('--timeout <duration>', 'How long the operator may take for its answer; 30s.', duration);
    if (isFollowed) command.option('-w, --watch', 'Follow the release afterwards.');
    command.action((name: string | undefined, options: ReleaseOptions, self: Command) =>
      run(self, (session) => releaseCommand(session, verb as Asked, name, options)),
    );
    examples(command, [`kubectl cryptosense ${example[0]}`, example[1]]);
  }
}

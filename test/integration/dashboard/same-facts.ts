import type { Page } from 'playwright-core';
import { equal, is, match, ok } from 'uvu/assert';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Environment } from '../../../operator/api/resolved.ts';
import { eventually } from '../processes.ts';
import {
  type Facts,
  factsOfCommandLine,
  factsOfKubectl,
  factsOfPage,
  type Programs,
  withShortImages,
} from './facts.ts';

/** Where the stories below are told. */
export interface Place {
  readonly programs: Programs;
  readonly namespace: string;
  readonly name: string;
  /** Releases another image. */
  release(image: string): Promise<void>;
}

/** A canary that stops once for a person, and is judged by nobody else. */
export const BY_HAND: NonNullable<EnvironmentSpec['rollout']> = {
  canary: {
    steps: [{ weight: 25 }, { pause: 'untilPromoted' }, { weight: 100 }],
    analysis: { preset: 'none' },
  },
  scaleDownDelay: '2s',
};

const BACKUP = 'facts-proven';
const STEP_MS = 120_000;

/** A record of a backup that was taken and proven, as it stays when they are switched off: no bucket is needed to show it. */
export async function keepBackup({ programs, namespace, name }: Place): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const resource = {
    apiVersion: 'cryptosense.io/v1alpha1',
    kind: 'CryptoSenseBackup',
    metadata: { name: BACKUP },
    spec: { environment: name, type: 'full' },
  };
  await programs.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(resource) });
  const conditions = ['Completed', 'Verified'].map((type) => ({
    type,
    status: 'True',
    reason: 'Done',
    message: 'It is.',
    lastTransitionTime: now,
  }));
  const status = { startedAt: now, completedAt: now, verifiedAt: now, sizeBytes: 73_400_320, conditions };
  await programs.kubectl([
    ...['-n', namespace, 'patch', 'cryptosensebackup', BACKUP],
    ...['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })],
  ]);
}

async function statusOf({ programs, namespace, name }: Place): Promise<NonNullable<Environment['status']>> {
  const text = await programs.kubectl(['-n', namespace, 'get', 'cse', name, '-o', 'json']);
  return (JSON.parse(text) as Environment).status ?? {};
}

export async function serves(place: Place, image: string): Promise<void> {
  let summary: string | undefined;
  await eventually(
    `${image} serves`,
    async () => {
      const status = await statusOf(place);
      summary = status.summary;
      return status.stable?.image === image && status.candidate === undefined;
    },
    STEP_MS,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; it said: ${summary}`);
  });
}

async function waitsForPerson(place: Place): Promise<void> {
  await eventually(
    'the canary waits for a person',
    async () => {
      const { candidate } = await statusOf(place);
      return candidate?.step === 1 && candidate.arrived === true;
    },
    STEP_MS,
  );
}

/** That `look` has kubectl's facts: those of a time in which nothing was changed. Returns them. */
async function assertSameFacts(place: Place, look: () => Promise<Facts>): Promise<Facts> {
  const { programs, namespace, name } = place;
  const truth = async () => {
    const { facts, version } = await factsOfKubectl(programs, namespace, name);
    return { facts: withShortImages(facts), version };
  };
  let last: { seen: Facts; facts: Facts } | undefined;
  // What is shown is a moment behind: only what stays different is wrong.
  await eventually(
    'the same facts at the same moment',
    async () => {
      const { facts, version } = await truth();
      const seen = await look();
      if ((await truth()).version !== version) return false;
      last = { seen, facts };
      return JSON.stringify(seen) === JSON.stringify(facts);
    },
    // A look is three starts of the command line, which take seconds on a machine that has much else to do.
    60_000,
  ).catch((error: unknown) => {
    if (last === undefined) throw error;
    equal(last.seen, last.facts);
    throw error;
  });
  if (last === undefined) throw new Error('nothing was seen');
  // What is compared is there, and not missing on both sides.
  for (const type of ['Ready', 'Reconciling', 'Api ready', 'Database ready'])
    ok(last.facts.conditions[type], `${type} is not among ${Object.keys(last.facts.conditions)}`);
  equal(last.facts.backups, { [BACKUP]: 'verified' });
  return last.facts;
}

/** A canary from its release to its promotion by `kubectl cryptosense` alone. */
export async function promoteByCommandLine(place: Place, image: string): Promise<void> {
  const { programs, namespace, name } = place;
  const cs = (...args: string[]) => programs.cryptosense(['-n', namespace, ...args]);
  const look = async () => withShortImages(await factsOfCommandLine(programs, namespace, name));
  await place.release(image);
  const followed = cs('rollout', 'status', name, '--watch', '--timeout', '150s');
  await waitsForPerson(place);
  const { candidate } = await assertSameFacts(place, look);
  equal([candidate?.weight, candidate?.step], [25, 2]);
  const { exitCode, stdout, stderr } = await cs('promote', name, '--yes');
  is(exitCode, 0, stdout + stderr);
  await serves(place, image);
  const lines = await followed;
  is(lines.exitCode, 0, lines.stdout + lines.stderr);
  match(lines.stdout, 'waits until somebody promotes it');
  match(lines.stdout, new RegExp(`${image} \\(\\d+-[0-9a-f]{10}\\) serves\\.$`));
  is((await assertSameFacts(place, look)).candidate, undefined);
}

/** The same on the dashboard's page of the environment, which is open, by somebody whom the API server knows as `user`. */
export async function promoteOnPage(place: Place, image: string, page: Page, user: string): Promise<void> {
  const { namespace, name } = place;
  const look = () => factsOfPage(page, namespace, name);
  const before = await assertSameFacts(place, look);
  await place.release(image);
  await waitsForPerson(place);
  const { candidate } = await assertSameFacts(place, look);
  equal([candidate?.weight, candidate?.step], [25, 2]);
  await page.locator('.view-head .badge.waiting').waitFor();
  await page.getByRole('button', { name: 'Promote one step' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Promote one step' }).click();
  await page.locator('.chart text.value', { hasText: '100 %' }).waitFor();
  await serves(place, image);
  const after = await assertSameFacts(place, look);
  is(after.candidate, undefined);
  is(after.stable.number, before.stable.number + 1);
  const { lastCommand } = await statusOf(place);
  equal([lastCommand?.verb, lastCommand?.accepted, lastCommand?.by], ['promote', true, user]);
}

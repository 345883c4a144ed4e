import type { Page } from 'playwright-core';
import type { RolloutView } from '../../../cli/rollout/view.ts';
import { shortImage, words } from '../../../dashboard/client/format.ts';
import type { Environment } from '../../../operator/api/resolved.ts';

/** The programs that a person has, on one cluster. */
export interface Programs {
  /** Resolves with standard output; rejects when it is refused. */
  kubectl(args: readonly string[], options?: { input?: string }): Promise<string>;
  cryptosense(
    args: readonly string[],
  ): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }>;
}

/** What whoever looks at an environment has to be told, wherever they look. */
export interface Facts {
  readonly summary: string;
  readonly stable: { readonly number: number; readonly image: string; readonly pods: string };
  readonly candidate?: {
    readonly number: number;
    readonly image: string;
    /** Percentage of the requests. */
    readonly weight: number;
    readonly pods: string;
    /** From 1. */
    readonly step: number;
    readonly steps: number;
  };
  /** By type: status and message. */
  readonly conditions: Readonly<Record<string, string>>;
  /** By name: whether it is complete, and proven. */
  readonly backups: Readonly<Record<string, string>>;
}

type Conditions = { type: string; status: string; message: string }[];
interface Backup {
  metadata: { name: string };
  spec: { environment: string };
  status?: { conditions?: Conditions };
}

const conditionsOf = (conditions: Conditions = []) =>
  Object.fromEntries(
    conditions.map(({ type, status, message }) => [words(type), `${status}: ${message}`] as const).sort(),
  );

/** As the API server has it; `version` changes with every change of the environment or of its backups. */
export async function factsOfKubectl(
  { kubectl }: Pick<Programs, 'kubectl'>,
  namespace: string,
  name: string,
): Promise<{ facts: Facts; version: string }> {
  const json = async <T>(...args: string[]) =>
    JSON.parse(await kubectl(['-n', namespace, 'get', ...args, '-o', 'json'])) as T;
  const environment = await json<Environment>('cse', name);
  const list = await json<{ items: (Backup & { metadata: { resourceVersion: string } })[] }>(
    'cryptosensebackups',
  );
  const { stable, candidate, conditions, summary = '', replicas, readyReplicas } = environment.status ?? {};
  if (!stable) throw new Error(`${name} serves nothing: ${summary}`);
  const own = list.items.filter(({ spec }) => spec.environment === name);
  const facts = {
    summary,
    stable: { number: stable.number, image: stable.image, pods: `${readyReplicas} of ${replicas}` },
    ...(candidate
      ? {
          candidate: {
            number: candidate.number,
            image: candidate.image,
            weight: candidate.weight,
            pods: `${candidate.readyReplicas} of ${candidate.replicas}`,
            step: candidate.step + 1,
            steps: candidate.steps,
          },
        }
      : {}),
    conditions: conditionsOf(conditions),
    backups: Object.fromEntries(own.map((backup) => [backup.metadata.name, backupState(backup)])),
  };
  const versions = [environment, ...own].map(({ metadata }) => metadata.resourceVersion);
  return { facts, version: versions.join() };
}

function backupState({ status }: Backup): string {
  const is = (type: string) => status?.conditions?.find((one) => one.type === type)?.status;
  if (is('Verified') === 'True') return 'verified';
  if (is('Completed') === 'False') return 'failed';
  return is('Completed') === 'True' ? 'complete' : 'under way';
}

/** As `kubectl cryptosense` shows it. */
export async function factsOfCommandLine(
  { cryptosense }: Pick<Programs, 'cryptosense'>,
  namespace: string,
  name: string,
): Promise<Facts> {
  const said = async <T>(...args: string[]) =>
    JSON.parse((await cryptosense(['-n', namespace, ...args, '-o', 'json'])).stdout) as T;
  const [rollout, status, data] = await Promise.all([
    said<RolloutView>('rollout', 'status', name),
    said<{ conditions: Conditions }>('status', name),
    said<{ backups: { name: string; state: string }[] }>('backups', name),
  ]);
  const { stable, candidate, summary } = rollout;
  if (!stable) throw new Error(`the command line sees nothing that serves: ${summary}`);
  return {
    summary,
    stable: {
      number: Number.parseInt(stable.release, 10),
      image: stable.image,
      pods: `${stable.readyPods} of ${stable.pods}`,
    },
    ...(candidate
      ? {
          candidate: {
            number: Number.parseInt(candidate.release, 10),
            image: candidate.image,
            weight: candidate.weight,
            pods: `${candidate.readyPods} of ${candidate.pods}`,
            step: candidate.step,
            steps: candidate.steps,
          },
        }
      : {}),
    conditions: conditionsOf(status.conditions),
    backups: Object.fromEntries(
      data.backups.map(({ name: backup, state }) => [
        backup,
        state === 'waits' || state === 'runs' ? 'under way' : state,
      ]),
    ),
  };
}

const BACKUP_WORDS: Readonly<Record<string, string>> = {
  Verified: 'verified',
  Failed: 'failed',
  'Complete, not verified yet': 'complete',
  'Under way': 'under way',
};

/** As the dashboard's page of the environment shows it, which is open. Images are short there, without their registry. */
export async function factsOfPage(page: Page, namespace: string, name: string): Promise<Facts> {
  const roles: Record<string, string> = Object.fromEntries(
    await page.locator('.roles > div').evaluateAll((parts) => {
      type Part = { querySelector(what: string): { textContent: string } | null };
      const text = (part: Part, what: string) => part.querySelector(what)?.textContent.trim() ?? '';
      return (parts as unknown as Part[]).map((part) => [text(part, 'dt'), text(part, 'dd')] as const);
    }),
  );
  const release = (text = '') => {
    const [, image = '', number] = /^(\S+) · revision (\d+)$/.exec(text) ?? [];
    return { number: Number(number), image };
  };
  const steps = page.locator('.plan li');
  const current = await steps.evaluateAll((items) =>
    (items as unknown as { className: string }[]).findIndex(({ className }) => className === 'current'),
  );
  const row = await page.locator(`a.row[href="#/${namespace}/${name}"] .row-foot`).innerText();
  const [, ready, pods] = /(\d+)\/(\d+) pods/.exec(row) ?? [];
  return {
    summary: (await page.locator('.summary').textContent()) ?? '',
    stable: { ...release(roles.Serves), pods: `${ready} of ${pods}` },
    ...(roles['Is tried'] === undefined
      ? {}
      : {
          candidate: {
            ...release(roles['Is tried']),
            weight: Number.parseInt(roles.Requests ?? '', 10),
            pods: (roles['Its pods'] ?? '').replace(/ ready$/, ''),
            step: current + 1,
            steps: await steps.count(),
          },
        }),
    conditions: Object.fromEntries(
      (await itemsOf(page, 'Conditions'))
        .map(({ title, hint, text }) => [title, `${hint.split(',')[0]?.trim()}: ${text}`] as const)
        .sort(),
    ),
    backups: Object.fromEntries(
      (await itemsOf(page, 'Backups')).map(({ title, text }) => [text, BACKUP_WORDS[title] ?? title]),
    ),
  };
}

/** What a panel of the page lists. Also what is folded away. */
function itemsOf(page: Page, title: string): Promise<{ title: string; hint: string; text: string }[]> {
  const items = page.locator('section', { has: page.getByRole('heading', { name: title }) }).locator('.item');
  return items.evaluateAll((found) => {
    type Item = { querySelector(what: string): { textContent: string } | null };
    return (found as unknown as Item[]).map((item) => ({
      title: item.querySelector('b')?.textContent ?? '',
      hint: item.querySelector('.hint')?.textContent ?? '',
      text: item.querySelector('p')?.textContent ?? '',
    }));
  });
}

export const withShortImages = (facts: Facts): Facts => ({
  ...facts,
  stable: { ...facts.stable, image: shortImage(facts.stable.image) },
  ...(facts.candidate ? { candidate: { ...facts.candidate, image: shortImage(facts.candidate.image) } } : {}),
});

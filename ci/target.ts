// node ci/target.ts: what a push releases, and where. Reads GITHUB_REF and GITHUB_SHA.
import { pathToFileURL } from 'node:url';
import { Failure, main, output, required } from './report.ts';

export interface Target {
  /** The GitHub environment, which has the same name as the tier. */
  readonly environment: 'development' | 'staging' | 'production';
  /** The image's tag, and what the API says that it is. */
  readonly version: string;
}

const BRANCHES: Record<string, Target['environment']> = { develop: 'development', main: 'staging' };

/** A version with an optional pre-release part; no build part, which no image tag can have. */
const VERSION = /^v(\d+\.\d+\.\d+(-[0-9A-Za-z.-]{1,40})?)$/;

/** develop goes to development, main and v1.2.3-rc.1 to staging, v1.2.3 to production. Throws Failure for everything else. */
export function targetOf(ref: string, sha: string): Target {
  if (!/^[0-9a-f]{40}$/.test(sha)) throw new Failure(`GITHUB_SHA is ${sha}, and not the id of a commit.`);
  const branch = ref.match(/^refs\/heads\/(.+)$/)?.[1];
  const environment = branch === undefined ? undefined : BRANCHES[branch];
  if (environment !== undefined) return { environment, version: `${branch}-${sha.slice(0, 12)}` };
  const [, version, candidate] = ref.match(/^refs\/tags\/(.+)$/)?.[1]?.match(VERSION) ?? [];
  if (version === undefined)
    throw new Failure(
      `Nothing is released from ${ref}: push to develop or main, or a tag such as v1.2.3 or v1.2.3-rc.1.`,
    );
  return { environment: candidate === undefined ? 'production' : 'staging', version };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await main(() => {
    const from = 'the runner sets it for a push';
    const { environment, version } = targetOf(required('GITHUB_REF', from), required('GITHUB_SHA', from));
    output('environment', environment);
    output('version', version);
  });

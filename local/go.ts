import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { cached, cacheRoot } from './cache.ts';
import { checkout } from './checkout.ts';
import { command } from './command.ts';
import { ensureGo } from './go-toolchain.ts';
import type { Report } from './report.ts';

export interface GoBuild {
  /** The folder under local/go, which also names the step and the cache. */
  name: string;
  /** Where go.mod is, when it is not local/go/<name>. */
  directory?: string;
  /** Import paths; the `tool` lines of go.mod when left out. */
  packages?: string[];
  /** Added to `-s -w`, for instance `-X main.version=v1`. */
  ldflags?: string;
  report: Report;
}

/**
 * Builds static Linux binaries from a committed go.mod and go.sum and returns the directory that holds them,
 * each named by the last element of its import path. Cached by the folder's files, the flags and Go's version.
 */
export async function buildGo(build: GoBuild): Promise<string> {
  const directory = build.directory ?? join(checkout, 'local', 'go', build.name);
  const packages = build.packages ?? ['tool'];
  const ldflags = ['-s', '-w', ...(build.ldflags ? [build.ldflags] : [])].join(' ');
  const sources = await sourcesOf(directory);
  const go = await ensureGo(await requiredGo(directory), build.report);
  const inputs = [go.version, process.arch, ldflags, ...packages, ...sources];
  const compile = async (out: string) => {
    // Go leaves its work behind when it is interrupted, gigabytes for Kubernetes; here the next run removes it.
    const work = join(out, 'work');
    await mkdir(work);
    const env = { ...goEnvironment(go.binary), GOTMPDIR: work };
    const log = { step: `Building ${build.name} with Go`, cwd: directory, env };
    let compiled = 0;
    let downloaded = 0;
    await command(
      go.binary,
      ['build', '-v', '-trimpath', '-ldflags', ldflags, '-o', `${out}/`, ...packages],
      {
        ...log,
        advice: 'Check that the Go module proxy can be reached, then run the command again: it resumes.',
        onLine: (line) => {
          if (line.startsWith('go: downloading')) downloaded += 1;
          else compiled += 1;
          build.report(`${build.name}: ${downloaded} modules fetched, ${compiled} packages compiled`);
        },
      },
    );
    await rm(work, { recursive: true });
  };
  return cached(`bin-${build.name}`, inputs, compile, build.report);
}

/** Where a module that the go.mod in `directory` requires lies on disk, fetched when it is not there. */
export async function moduleFolder(
  name: string,
  module: string,
  report: Report,
  directory = join(checkout, 'local', 'go', name),
): Promise<string> {
  const go = await ensureGo(await requiredGo(directory), report);
  const options = { step: `Fetching ${module}`, cwd: directory, env: goEnvironment(go.binary) };
  const answer = JSON.parse(await command(go.binary, ['mod', 'download', '-json', module], options)) as {
    Dir: string;
  };
  return answer.Dir;
}

/** The version of a module that go.mod requires, with its v. */
export async function moduleVersion(name: string, module: string): Promise<string> {
  const text = await readFile(join(checkout, 'local', 'go', name, 'go.mod'), 'utf8');
  const line = text
    .split('\n')
    .find((candidate) => candidate.trim().replace('require ', '').startsWith(`${module} `));
  const version = line?.match(/ (v\S+)/)?.[1];
  if (version === undefined) throw new Error(`local/go/${name}/go.mod does not require ${module}`);
  return version;
}

/**
 * Go's folders live under the cache root, so that an emptied cache is an honest cold start and the user's own
 * Go caches stay as they are. The proxy's address comes from the user's own configuration.
 */
function goEnvironment(binary: string): Record<string, string> {
  return {
    GOMODCACHE: join(cacheRoot(), 'go', 'mod'),
    GOCACHE: join(cacheRoot(), 'go', 'build'),
    GOFLAGS: '-modcacherw -buildvcs=false',
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
    CGO_ENABLED: '0',
    GOOS: 'linux',
    GOMAXPROCS: String(cpus().length),
    PATH: `${join(binary, '..')}:${process.env.PATH ?? ''}`,
  };
}

async function requiredGo(directory: string): Promise<string> {
  const text = await readFile(join(directory, 'go.mod'), 'utf8');
  return text.match(/^go (\d+\.\d+(?:\.\d+)?)$/m)?.[1] ?? '1.21';
}

/** Every file of the folder with its name: go.mod, go.sum and, for our own programs, the sources. */
async function sourcesOf(directory: string): Promise<(string | Uint8Array)[]> {
  await mkdir(join(cacheRoot(), 'go'), { recursive: true });
  const names = (await readdir(directory, { recursive: true })).filter((name) =>
    /\.(go|mod|sum)$/.test(name),
  );
  const files = await Promise.all(
    names.sort().map(async (name) => [name, await readFile(join(directory, name))]),
  );
  return files.flat() as (string | Uint8Array)[];
}

import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aptInstall, canInstallPackages } from './apt.ts';
import { cached } from './cache.ts';
import { ask, command } from './command.ts';
import { LocalFailure, type Report } from './report.ts';

/** The toolchain that is fetched when the machine has no Go, or one that is too old for a go.mod. */
const TOOLCHAIN = '1.26.8';

interface Go {
  binary: string;
  version: string;
}

/** True when `have` is at least `want`; both like 1.26.8. */
export function isAtLeast(have: string, want: string): boolean {
  const [a, b] = [have, want].map((version) => version.split('.').map(Number));
  for (let index = 0; index < 3; index += 1) {
    const difference = (a?.[index] ?? 0) - (b?.[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

async function installed(binary: string): Promise<Go | undefined> {
  // Outside any module: inside one, an old Go complains about the go line before it names its version.
  const answer = await ask(binary, ['version'], { env: { GOTOOLCHAIN: 'local', GOWORK: 'off' } });
  const version = answer?.match(/go version go(\d+\.\d+(?:\.\d+)?)/)?.[1];
  return version === undefined ? undefined : { binary, version };
}

/**
 * A Go that is at least `wanted`: the machine's own, else the toolchain's ordinary module from the Go module
 * proxy, fetched with whatever Go the machine (or, as root on Debian, its package) has.
 */
export async function ensureGo(wanted: string, report: Report): Promise<Go> {
  const own = await installed('go');
  if (own && isAtLeast(own.version, wanted)) return { ...own, binary: await whichGo() };
  if (!isAtLeast(TOOLCHAIN, wanted)) {
    throw new LocalFailure(
      `Go ${wanted} is needed, but local/go-toolchain.ts fetches ${TOOLCHAIN}: raise it there.`,
    );
  }
  if (!own && !(await canInstallPackages())) {
    throw new LocalFailure(`Go is not installed: install Go ${wanted} or newer, then run the command again.`);
  }
  const folder = await cached('go-toolchain', [TOOLCHAIN, process.arch], (dir) =>
    fetchToolchain(dir, own, report),
  );
  return { binary: join(folder, 'go', 'bin', 'go'), version: TOOLCHAIN };
}

async function whichGo(): Promise<string> {
  const root = await ask('go', ['env', 'GOROOT'], { env: { GOTOOLCHAIN: 'local' } });
  const binary = join(root ?? '', 'bin', 'go');
  return existsSync(binary) ? binary : 'go';
}

async function fetchToolchain(dir: string, own: Go | undefined, report: Report): Promise<void> {
  if (!own) await aptInstall(['golang-go'], report);
  report(`fetching Go ${TOOLCHAIN}`);
  const platform = `linux-${process.arch === 'arm64' ? 'arm64' : 'amd64'}`;
  const scratch = join(dir, 'scratch');
  await mkdir(scratch, { recursive: true });
  await writeFile(join(scratch, 'go.mod'), 'module scratch\n');
  const module = `golang.org/toolchain@v0.0.1-go${TOOLCHAIN}.${platform}`;
  const answer = await command('go', ['mod', 'download', '-json', module], {
    step: 'Fetching a Go toolchain',
    cwd: scratch,
    env: { GOMODCACHE: join(scratch, 'mod'), GOFLAGS: '-modcacherw', GOTOOLCHAIN: 'local' },
    advice: `Install Go ${TOOLCHAIN} or newer yourself, then run the command again.`,
  });
  await cp((JSON.parse(answer) as { Dir: string }).Dir, join(dir, 'go'), { recursive: true });
  // Modules hold no execute bits: the go command sets them when it switches toolchains, so we have to as well.
  for (const folder of ['bin', join('pkg', 'tool', platform.replace('-', '_'))]) {
    const path = join(dir, 'go', folder);
    if (!existsSync(path)) continue;
    for (const name of await readdir(path)) await chmod(join(path, name), 0o755);
  }
}

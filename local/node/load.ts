import { execa } from 'execa';
import { ask } from '../command.ts';
import { dockerEnv, imageId } from '../docker.ts';
import { LocalFailure, type Report } from '../report.ts';

/** Beside the node's own files: which image, by its id in the engine, was loaded under which tag. */
const RECORD = '/kind/loaded-images';

/** The containers that are the nodes of a kind cluster, running or not. */
export async function nodesOf(dockerHost: string, cluster: string): Promise<string[]> {
  const filter = `label=io.x-k8s.kind.cluster=${cluster}`;
  const listed = await ask('docker', ['ps', '-a', '--filter', filter, '--format', '{{.Names}}'], {
    env: dockerEnv(dockerHost),
  });
  return (listed ?? '').split('\n').filter(Boolean);
}

/** Which of these tags a node does not have in this very form, from its record and the list of its images. */
export function missingTags(wanted: Map<string, string>, record: string, present: string): string[] {
  const loaded = new Map(record.split('\n').map((line) => line.split(' ', 2) as [string, string]));
  const names = present.split('\n').map((name) => name.trim());
  return [...wanted]
    .filter(([tag, id]) => loaded.get(tag) !== id || !names.some((name) => isNameOf(name, tag)))
    .map(([tag]) => tag);
}

/** Whether containerd's long name is that of what Docker calls `tag`: it puts a registry and a folder in front. */
export function isNameOf(name: string, tag: string): boolean {
  const versioned = tag.slice(tag.lastIndexOf('/') + 1).includes(':') ? tag : `${tag}:latest`;
  return name === versioned || name.endsWith(`/${versioned}`);
}

/** Brings images of the engine into every node of a cluster; those that are there already are left out. */
export async function loadImages(
  dockerHost: string,
  cluster: string,
  tags: string[],
  report: Report,
): Promise<void> {
  const wanted = new Map<string, string>();
  for (const tag of tags) {
    const id = await imageId(dockerHost, tag);
    if (id === undefined)
      throw new LocalFailure(`The image ${tag} is not in the engine: build it before loading it.`);
    wanted.set(tag, id);
  }
  for (const node of await nodesOf(dockerHost, cluster)) await loadIntoNode(dockerHost, node, wanted, report);
}

async function loadIntoNode(
  dockerHost: string,
  node: string,
  wanted: Map<string, string>,
  report: Report,
): Promise<void> {
  const env = dockerEnv(dockerHost);
  const record = (await ask('docker', ['exec', node, 'cat', RECORD], { env })) ?? '';
  const present =
    (await ask('docker', ['exec', node, 'ctr', '-n', 'k8s.io', 'images', 'ls', '-q'], { env })) ?? '';
  const missing = missingTags(wanted, record, present);
  if (missing.length === 0) return;
  report(missing.length > 3 ? `loading ${missing.length} images` : `loading ${missing.join(', ')}`);
  const save = execa('docker', ['save', ...missing], { env, buffer: false, reject: false });
  const importing = ['exec', '-i', node, 'ctr', '-n', 'k8s.io', 'images', 'import', '--all-platforms', '-'];
  const result = await save.pipe('docker', importing, { env, reject: false });
  if (result.failed) {
    throw new LocalFailure(
      `Loading images into ${node} failed: ${
        String(result.stderr ?? '')
          .trim()
          .split('\n')
          .at(-1) ?? ''
      }. Run the command again.`,
    );
  }
  const kept = record
    .split('\n')
    .filter((line) => line !== '' && !missing.includes(line.split(' ')[0] ?? ''));
  const lines = [...kept, ...missing.map((tag) => `${tag} ${wanted.get(tag)}`)].join('\n');
  await execa('docker', ['exec', '-i', node, 'sh', '-c', `cat > ${RECORD}`], {
    env,
    input: `${lines}\n`,
    reject: false,
  });
}

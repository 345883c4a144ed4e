import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { ask } from '../command.ts';
import { docker, dockerEnv } from '../docker.ts';

// containerd runs alone in the container, so that nothing else (systemd's journal, a machine id) is committed.
const script = `set -e
containerd > /tmp/containerd.log 2>&1 &
for attempt in $(seq 100); do ctr version > /dev/null 2>&1 && break; sleep 0.1; done
ctr -n k8s.io images import --no-unpack /archive/images.tar
kill %1; wait %1 || true
rm -rf /tmp/containerd.log /run/containerd
`;

/**
 * Puts an archive of images into the content store of a node image and commits the result as `tag`. They are
 * unpacked by the node when it starts: an overlay on top of Docker's own overlay is not possible here.
 */
export async function importIntoNode(
  dockerHost: string,
  from: string,
  archive: string,
  tag: string,
): Promise<void> {
  const step = 'Building the node image';
  const name = `cryptosense-import-${randomBytes(4).toString('hex')}`;
  try {
    const volume = `${dirname(archive)}:/archive:ro`;
    const run = [
      'run',
      '--privileged',
      '--name',
      name,
      '--network',
      'none',
      '-v',
      volume,
      '--entrypoint',
      'bash',
    ];
    await docker(dockerHost, [...run, from, '-c', script], { step });
    const changes = ['ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]', 'CMD []'];
    await docker(dockerHost, ['commit', ...changes.flatMap((change) => ['--change', change]), name, tag], {
      step,
    });
  } finally {
    await ask('docker', ['rm', '-f', '-v', name], { env: dockerEnv(dockerHost), timeoutMs: 60_000 });
  }
}

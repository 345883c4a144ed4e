import { stringify } from 'yaml';
import { kubectl } from '../e2e/cluster.ts';
import { inNode, nodeName } from './node.ts';

const FOLDER = '/var/lib/cryptosense-small';
const MEGABYTE = 1_048_576;

/** A volume with a file system of its own in the node, so that filling it hurts nobody else and the kubelet tells of it. */
export class SmallVolume {
  readonly className = 'small';
  readonly #engine: string;

  /** `engine`: DOCKER_HOST of the containers that are the nodes. */
  constructor(engine: string) {
    this.#engine = engine;
  }

  async make(megabytes: number): Promise<void> {
    await this.#inNode('mkdir', '-p', FOLDER);
    await this.#inNode('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', FOLDER);
    const objects = [storageClass(this.className), volume(this.className, await nodeName())];
    await kubectl(['apply', '-f', '-'], { input: objects.map((object) => stringify(object)).join('---\n') });
  }

  /** Writes a file that makes `share` of it used. From the node: what a pod writes into memory counts as the pod's own. */
  async fill(share: number): Promise<void> {
    const df = await this.#inNode('df', '--output=size,used', '--block-size=1', FOLDER);
    const [size = 0, used = 0] = (df.split('\n')[1] ?? '').trim().split(/\s+/).map(Number);
    const megabytes = Math.ceil((size * share - used) / MEGABYTE);
    await this.#inNode('dd', 'if=/dev/zero', `of=${FOLDER}/ballast`, 'bs=1M', `count=${megabytes}`);
  }

  async resize(megabytes: number): Promise<void> {
    await this.#inNode('mount', '-o', `remount,size=${megabytes}m`, FOLDER);
  }

  async remove(): Promise<void> {
    await kubectl(['delete', 'pv', this.className, '--wait=false', '--ignore-not-found']);
    await kubectl(['delete', 'storageclass', this.className, '--ignore-not-found']);
    await this.#inNode('sh', '-c', `rm -f ${FOLDER}/ballast; umount -l ${FOLDER} || true`);
  }

  #inNode(...command: string[]): Promise<string> {
    return inNode(this.#engine, ...command);
  }
}

function storageClass(name: string): object {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  };
}

function volume(name: string, node: string): object {
  const inNode = { key: 'kubernetes.io/hostname', operator: 'In', values: [node] };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: name,
      persistentVolumeReclaimPolicy: 'Retain',
      local: { path: FOLDER },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [inNode] }] } },
    },
  };
}

import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkout, runFolder } from './checkout.ts';
import { ask, command } from './command.ts';
import { docker, dockerEnv } from './docker.ts';
import type { Engine } from './engine.ts';
import { freePort } from './free-port.ts';
import { gatewayPort, withGatewayPort } from './kind-config.ts';
import { kindBinary } from './node/binaries.ts';
import { nodesOf } from './node/load.ts';
import { LocalFailure, type Report } from './report.ts';

/** What is kept of a finished cluster; written last, so that a half-made one has none. */
interface KindState {
  gatewayPort: number;
}

const READY_TIMEOUT_MS = 60_000;

function folderOf(name: string): string {
  return join(runFolder, name);
}

/** The kubeconfig of a kind cluster: a file of its own, never the user's. */
export function kubeconfigOf(name: string): string {
  return join(folderOf(name), 'kubeconfig');
}

/** Whether the API server that this kubeconfig names answers. */
export async function apiAnswers(kubectl: string, kubeconfig: string): Promise<boolean> {
  const args = ['--kubeconfig', kubeconfig, '--request-timeout=5s', 'get', '--raw', '/readyz'];
  return (await ask(kubectl, args))?.trim() === 'ok';
}

/**
 * A kind cluster of this name that answers: the one that is there, mended when its node was stopped, else a new
 * one. `image` is undefined for kind's own. Returns the gateway's port of localhost.
 */
export async function ensureKind(
  engine: Engine,
  wanted: { name: string; image: string | undefined; kubectl: string },
  report: Report,
): Promise<number> {
  const { name, kubectl } = wanted;
  const state = await readState(name);
  const nodes = await nodesOf(engine.dockerHost, name);
  if (state && nodes.length > 0) {
    if (await apiAnswers(kubectl, kubeconfigOf(name))) return state.gatewayPort;
    report('starting the stopped cluster');
    if (await restart(engine, name, nodes, kubectl)) return state.gatewayPort;
  }
  if (nodes.length > 0) {
    report('removing a cluster that is half made or does not answer');
    await deleteKind(engine.dockerHost, name);
  }
  return create(engine, wanted, report);
}

async function restart(engine: Engine, name: string, nodes: string[], kubectl: string): Promise<boolean> {
  const started = await ask('docker', ['start', ...nodes], {
    env: dockerEnv(engine.dockerHost),
    timeoutMs: 30_000,
  });
  if (started === undefined) return false;
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (await apiAnswers(kubectl, kubeconfigOf(name))) return true;
    await sleep(1_000);
  }
  return false;
}

async function create(
  engine: Engine,
  wanted: { name: string; image: string | undefined; kubectl: string },
  report: Report,
): Promise<number> {
  const { name, image } = wanted;
  const kind = await kindBinary(report);
  const template = await readFile(join(checkout, 'kind-config.yaml'), 'utf8');
  await mkdir(folderOf(name), { recursive: true });
  const port = await freePort([gatewayPort(template)]);
  const args = ['create', 'cluster', '--name', name, '--config', '-', '--kubeconfig', kubeconfigOf(name)];
  await command(kind, [...args, '--wait', '120s', ...(image === undefined ? [] : ['--image', image])], {
    step: 'Creating the cluster',
    env: dockerEnv(engine.dockerHost),
    input: withGatewayPort(template, port),
    onLine: (line) => {
      const step = kindStep(line);
      if (step !== undefined) report(step);
    },
    advice: 'Run `npm run down`, then the command again.',
  });
  const state: KindState = { gatewayPort: port };
  await writeFile(join(folderOf(name), 'cluster.json'), `${JSON.stringify(state)}\n`);
  return port;
}

/** The step that kind says it begins ("Installing CNI"), without its ornaments; undefined for all its other lines. */
export function kindStep(line: string): string | undefined {
  const text = line.replace(/[^\x20-\x7e]/g, '').trim();
  return /^[A-Z].*\.\.\.$/.test(text) ? text.replace(/\s*\.\.\.$/, '') : undefined;
}

/** Resolves when the pods of a cluster can look names up. */
export async function waitForDns(kubectl: string, kubeconfig: string, report: Report): Promise<void> {
  report('waiting for the cluster DNS');
  const args = ['--kubeconfig', kubeconfig, '-n', 'kube-system', 'rollout', 'status', 'deployment/coredns'];
  await command(kubectl, [...args, '--timeout=180s'], {
    step: 'Waiting for the cluster DNS',
    advice: 'Run `npm run down`, then the command again.',
  });
}

/** Deletes a kind cluster of this checkout with its kubeconfig; true when there was one. */
export async function deleteKind(dockerHost: string | undefined, name: string): Promise<boolean> {
  const nodes = dockerHost === undefined ? [] : await nodesOf(dockerHost, name);
  if (dockerHost !== undefined && nodes.length > 0) {
    // What `kind delete cluster` does; done here so that cleaning up needs neither Go nor kind.
    await docker(dockerHost, ['rm', '-f', '-v', ...nodes], { step: 'Deleting the cluster' });
  }
  const hadFolder = existsSync(folderOf(name));
  await rm(folderOf(name), { recursive: true, force: true });
  return nodes.length > 0 || hadFolder;
}

async function readState(name: string): Promise<KindState | undefined> {
  if (!existsSync(kubeconfigOf(name))) return undefined;
  try {
    return JSON.parse(await readFile(join(folderOf(name), 'cluster.json'), 'utf8')) as KindState;
  } catch {
    return undefined;
  }
}

/** Fails with a sentence when the cluster's nodes are not containers of this engine. */
export function refuseLoading(tags: string[]): never {
  throw new LocalFailure(
    `The cluster that KUBECONFIG names cannot be given the images ${tags.join(', ')}: push them to a registry that it pulls ` +
      'from, or unset KUBECONFIG to use a cluster on this machine.',
  );
}

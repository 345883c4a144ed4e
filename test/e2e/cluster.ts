import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { execa } from 'execa';
import { parse, stringify } from 'yaml';
import { checkout } from '../../local/checkout.ts';
import { EnvironmentWatch } from '../../local/demo/watch.ts';
import type { EnvironmentSpec } from '../../operator/api/environment.ts';
import { API_VERSION, KIND } from '../../operator/api/well-known.ts';

/** The cluster that the runner prepared (test/harness/prepare.ts). */
export const gatewayUrl = variable('CRYPTOSENSE_GATEWAY_URL');
const kubeconfig = variable('CRYPTOSENSE_TEST_KUBECONFIG');

export const OPERATOR = ['-n', 'cryptosense-system'];

const kubeConfig = new KubeConfig();
kubeConfig.loadFromFile(kubeconfig);

/** Follows an environment that a test did not make by `TestEnvironment`; close it. */
export function follow(namespace: string, name: string): EnvironmentWatch {
  return new EnvironmentWatch(kubeConfig, namespace, name);
}

/** kubectl as a person uses it: standard output, or an error with what it printed on standard error. */
export async function kubectl(args: readonly string[], options: { input?: string } = {}): Promise<string> {
  const { stdout } = await execa(variable('CRYPTOSENSE_KUBECTL'), args, {
    env: { KUBECONFIG: kubeconfig },
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
  });
  return stdout;
}

/** `kubectl cryptosense` as a person uses it, in a pipe. */
export async function cryptosense(
  args: readonly string[],
): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
  // psql goes through kubectl.
  const PATH = [dirname(variable('CRYPTOSENSE_KUBECTL')), process.env.PATH].join(delimiter);
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [join(checkout, 'cli', 'main.ts'), ...args],
    { env: { KUBECONFIG: kubeconfig, PATH }, reject: false, stdin: 'ignore', timeout: 240_000 },
  );
  return { exitCode, stdout, stderr };
}

/** What kubectl printed when it refused; fails when it did not refuse. */
export async function refusal(args: readonly string[], options: { input?: string } = {}): Promise<string> {
  const { exitCode, stderr } = await execa(variable('CRYPTOSENSE_KUBECTL'), args, {
    env: { KUBECONFIG: kubeconfig },
    reject: false,
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
  });
  if (exitCode === 0) throw new Error(`kubectl ${args.join(' ')} was to be refused, but succeeded`);
  return stderr;
}

/** host:port of a Service of the type NodePort: a port-forward ends with the first connection that breaks. */
export async function nodeAddress(namespace: string, service: string): Promise<string> {
  const ask = (path: string, ...what: string[]) => kubectl(['get', ...what, '-o', `jsonpath=${path}`]);
  const port = await ask('{.spec.ports[0].nodePort}', '-n', namespace, 'service', service);
  const host = await ask('{.items[0].status.addresses[?(@.type=="InternalIP")].address}', 'nodes');
  return `${host}:${port}`;
}

/** A namespace of its own with one environment in it, and everything to follow and to remove it. */
export class TestEnvironment {
  readonly namespace: string;
  readonly name: string;
  readonly host: string;
  readonly watch: EnvironmentWatch;

  constructor(name: string) {
    this.namespace = `e2e-${name}`;
    this.name = name;
    this.host = `${name}.test`;
    this.watch = follow(this.namespace, name);
  }

  async create(spec: Partial<EnvironmentSpec> = {}): Promise<void> {
    await this.createNamespace();
    await this.apply(spec);
  }

  /** With the spec of examples/`file`, but for the host name by which its requests find it. */
  async createFrom(file: string): Promise<void> {
    const text = readFileSync(join(checkout, 'examples', file), 'utf8');
    const { spec } = parse(text) as { spec: EnvironmentSpec };
    await this.createNamespace();
    await this.apply({ ...spec, routing: { ...spec.routing, hostnames: [this.host] } });
  }

  /** The kubelet's side of the promise that every pod is as the Pod Security Standard "restricted" wants it. */
  async createNamespace(): Promise<void> {
    // On a cluster that was kept, that of the run before may still be there or on its way out.
    await kubectl(['delete', 'namespace', this.namespace, '--ignore-not-found', '--timeout=120s']);
    await kubectl(['create', 'namespace', this.namespace]);
    const label = 'pod-security.kubernetes.io/enforce=restricted';
    await kubectl(['label', 'namespace', this.namespace, label]);
  }

  async apply(spec: Partial<EnvironmentSpec>): Promise<void> {
    const whole: EnvironmentSpec = {
      tier: 'local',
      release: { image: 'cryptosense-api:1.0.0' },
      autoscaling: { minReplicas: 2, maxReplicas: 2 },
      rollout: {
        canary: { steps: [{ weight: 10 }, { pause: '10s' }, { weight: 100 }] },
        scaleDownDelay: '5s',
      },
      routing: { hostnames: [this.host] },
      ...spec,
    };
    const resource = { apiVersion: API_VERSION, kind: KIND, metadata: { name: this.name }, spec: whole };
    await kubectl(['-n', this.namespace, 'apply', '-f', '-'], { input: stringify(resource) });
  }

  async release(image: string, config: Record<string, string> = {}): Promise<void> {
    const patch = JSON.stringify({ spec: { release: { image, config } } });
    await kubectl(['-n', this.namespace, 'patch', 'cse', this.name, '--type', 'merge', '-p', patch]);
  }

  /** What to look at when a test failed. */
  async describe(): Promise<string> {
    return kubectl(['-n', this.namespace, 'get', 'cse,pods,jobs,httproutes,events', '-o', 'wide']).catch(
      String,
    );
  }

  async remove(): Promise<void> {
    await this.watch.close();
    await kubectl(['delete', 'namespace', this.namespace, '--wait=false', '--ignore-not-found']);
  }
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run e2e tests with "npm run test:e2e"`);
  return value;
}

import * as assert from 'uvu/assert';
import { isOurs } from '../../../local/addons/install.ts';
import { localPath } from '../../../local/addons/local-path.ts';
import type { Manifest } from '../../../local/addons/manifest.ts';
import { metricsServer } from '../../../local/addons/metrics-server.ts';
import { gateway, traefik } from '../../../local/addons/traefik.ts';
import { traefikArguments } from '../../../local/addons/traefik-arguments.ts';
import { suite } from '../../harness/suite.ts';

const addons = suite('the add-ons of a cluster');

const all = [...traefik('t:1'), ...gateway(), ...metricsServer('m:1'), ...localPath('l:1', 'h:1')];

interface PodTemplate {
  spec: {
    securityContext: { runAsNonRoot?: boolean };
    containers: { image: string; securityContext?: { readOnlyRootFilesystem?: boolean } }[];
  };
}

const templateOf = (manifest: Manifest) => (manifest.spec as { template: PodTemplate }).template;

addons('run without root and without writing to their root file system', () => {
  const deployments = all.filter(({ kind }) => kind === 'Deployment').map(templateOf);
  assert.is(deployments.length, 3);
  for (const { spec } of deployments) {
    assert.is(spec.securityContext.runAsNonRoot, true);
    assert.ok(spec.containers.every((container) => container.securityContext?.readOnlyRootFilesystem));
  }
});

addons('have every object named once', () => {
  const names = all.map(({ kind, metadata }) => `${kind}/${metadata.namespace ?? ''}/${metadata.name}`);
  assert.is(new Set(names).size, names.length);
});

addons('make every namespace that their objects are in, except kube-system', () => {
  const made = new Set(all.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name));
  const used = all.flatMap(({ metadata }) => metadata.namespace ?? []);
  assert.equal(
    used.filter((name) => !made.has(name) && name !== 'kube-system'),
    [],
  );
});

addons('give the Gateway a listener on a port that Traefik has an entry point for', () => {
  const spec = gateway().find(({ kind }) => kind === 'Gateway')?.spec as { listeners: { port: number }[] };
  for (const { port } of spec.listeners) {
    assert.ok(traefikArguments.includes(`--entrypoints.web.address=:${port}`));
  }
});

addons("put Traefik into a namespace that environments' network policies let in", () => {
  const home = traefik('t:1').find(({ kind }) => kind === 'Namespace');
  assert.is(home?.metadata.labels?.['cryptosense.io/gateway'], 'true');
});

addons('are installed where there are none, and kept up to date where an earlier run put them', () => {
  const any = () => true;
  assert.ok(isOurs(undefined, any, 'cryptosense-local'));
  assert.ok(isOurs('', any, 'cryptosense-local'));
  assert.ok(isOurs('standard=cryptosense-local=true', any, 'cryptosense-local'));
});

addons('are not installed over those of the cluster itself', () => {
  const isDefault = (line: string) => line.endsWith('=true');
  assert.not.ok(isOurs('gp3==true\nslow==', isDefault, 'cryptosense-local'));
  assert.ok(isOurs('slow==', isDefault, 'cryptosense-local'));
});

addons.run();

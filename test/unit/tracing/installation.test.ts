import * as assert from 'uvu/assert';
import { renderComponents, renderOperator } from '../../../charts/render.ts';
import { suite } from '../../harness/suite.ts';
import { resolved } from '../charts/environments.ts';

const test = suite('where traces go, in the manifests');

type Env = { name: string; value?: string }[];

function envOf(manifests: readonly { kind: string; spec?: unknown }[]): Env {
  const deployment = manifests.find(({ kind }) => kind === 'Deployment');
  const { template } = (deployment as { spec: { template: { spec: { containers: { env: Env }[] } } } }).spec;
  return (template.spec.containers[0]?.env ?? []).filter(({ name }) => name.startsWith('OTEL_'));
}

test('the operator is told only when somebody asks for it', () => {
  const image = 'cryptosense-operator:1.0.0';
  assert.equal(envOf(renderOperator({ image })), []);
  const tracing = { endpoint: 'http://jaeger.monitoring:4318', share: 0.5 };
  assert.equal(envOf(renderOperator({ image, tracing })), [
    { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: 'http://jaeger.monitoring:4318' },
    { name: 'OTEL_TRACES_SAMPLER_ARG', value: '0.5' },
  ]);
});

test('the predictor sends them where the release that serves does', () => {
  const config = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://jaeger:4318', OTEL_TRACES_SAMPLER_ARG: '0.1' };
  const release = { image: 'cryptosense-api:1.0.0', config };
  assert.equal(
    envOf(renderComponents(resolved({ release })).predictor),
    Object.entries(config).map(([name, value]) => ({ name, value })),
  );
  assert.equal(envOf(renderComponents(resolved()).predictor), []);
});

test.run();

import * as assert from 'uvu/assert';
import { settingsFrom } from '../../operator/settings.ts';
import { suite } from '../harness/suite.ts';

const test = suite("the operator's settings");

test('nothing set means all namespaces, a look every ten hours and the ports of the manifests', () => {
  assert.equal(settingsFrom({}), {
    logLevel: 'info',
    watchNamespace: undefined,
    homeNamespace: 'cryptosense-system',
    podName: undefined,
    healthPort: 8081,
    metricsPort: 8080,
    dashboardPort: undefined,
    resyncMs: 36_000_000,
    notificationHosts: undefined,
    tracing: undefined,
    runbooks: undefined,
  });
});

test('the dashboard is off until it is given a port', () => {
  assert.is(settingsFrom({ DASHBOARD_PORT: '' }).dashboardPort, undefined);
  assert.is(settingsFrom({ DASHBOARD_PORT: '8090' }).dashboardPort, 8090);
});

test('traces are off until a collector is named, and then each reconciliation is traced', () => {
  assert.is(
    settingsFrom({ OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_TRACES_SAMPLER_ARG: '1' }).tracing,
    undefined,
  );
  const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://jaeger.monitoring:4318/';
  assert.equal(settingsFrom({ OTEL_EXPORTER_OTLP_ENDPOINT }).tracing, {
    endpoint: 'http://jaeger.monitoring:4318',
    share: 1,
  });
  const tenth = settingsFrom({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER_ARG: '0.1' });
  assert.is(tenth.tracing?.share, 0.1);
});

test('a variable that is set and empty counts as not set', () => {
  assert.is(settingsFrom({ WATCH_NAMESPACE: '' }).watchNamespace, undefined);
});

test('hosts that messages may go to are names with commas between them', () => {
  const { notificationHosts } = settingsFrom({ NOTIFICATION_HOSTS: 'hooks.slack.com, *.Corp.example.com' });
  assert.equal(notificationHosts, ['hooks.slack.com', '*.corp.example.com']);
});

test('every variable that is wrong is named at once, with what to write', () => {
  const env = {
    LOG_LEVEL: 'loud',
    WATCH_NAMESPACE: 'a,b',
    RESYNC_PERIOD: '0s',
    METRICS_PORT: 'http',
    DASHBOARD_PORT: '80900',
    NOTIFICATION_HOSTS: 'https://hooks.slack.com',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'jaeger:4318',
    OTEL_TRACES_SAMPLER_ARG: '5%',
    RUNBOOKS_URL: 'docs/runbooks',
  };
  try {
    settingsFrom(env);
    assert.unreachable();
  } catch (error) {
    assert.equal((error as Error).message.split('\n'), [
      'LOG_LEVEL is "loud": write one of error, warn, info, debug',
      'RESYNC_PERIOD is "0s": write a duration of a second at least, for example 30m or 10h',
      'NOTIFICATION_HOSTS is "https://hooks.slack.com": write names of hosts with commas between them, for example hooks.slack.com,*.corp.example.com',
      'OTEL_TRACES_SAMPLER_ARG is "5%": write a share from 0 to 1',
      'OTEL_EXPORTER_OTLP_ENDPOINT is "jaeger:4318": write the http or https address of a collector, for example http://jaeger.monitoring:4318',
      'RUNBOOKS_URL is "docs/runbooks": write the address of a folder, for example https://git.example.com/cryptosense/docs/runbooks',
      'WATCH_NAMESPACE is "a,b": write the name of one namespace',
      'METRICS_PORT is "http": write a port, 1 to 65535',
      'DASHBOARD_PORT is "80900": write a port, 1 to 65535',
    ]);
  }
});

test.run();

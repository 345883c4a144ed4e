import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { amount } from '../../../charts/quantity.ts';
import type { EnvironmentSpec } from '../../../operator/api/environment.ts';
import type { Manifest } from '../../../operator/api/resolved.ts';
import { suite } from '../../harness/suite.ts';
import { everything, resolved, TIERS, workloads } from './environments.ts';

const test = suite('the charts of any environment');

/** A hash of a StatefulSet's pods has ten characters, and is a label's value together with the set's name. */
const CONTROLLER_HASH = 11;
/** A CronJob's controller adds the minute to the name of its Jobs. */
const LONGEST: Record<string, number> = { StatefulSet: 63 - CONTROLLER_HASH, CronJob: 52 };

const name = fc.stringMatching(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/);
const longest = fc.stringMatching(/^[a-z][-a-z0-9]{38}[a-z0-9]$/);
const resources = fc.record({
  cpu: fc.constantFrom('25m', '500m', '2'),
  memory: fc.constantFrom('64Mi', '1Gi', '8Gi'),
});

/** Everything that has objects of its own, switched on or off, in any size. */
const spec: fc.Arbitrary<Partial<EnvironmentSpec>> = fc.record(
  {
    tier: fc.constantFrom(...TIERS),
    api: fc.record({ resources }),
    database: fc.record({ resources }),
    pooler: fc.record({ resources, replicas: fc.integer({ min: 1, max: 4 }) }),
    cache: fc.record({ resources, replicas: fc.integer({ min: 1, max: 2 }) }),
    predictor: fc.record({ enabled: fc.boolean(), spot: fc.boolean() }),
    routing: fc.constantFrom(
      {},
      { mode: 'service' },
      { gateway: { className: 'traefik' } },
      { gateway: { className: 'traefik' }, hostnames: ['a.example.com'], tls: { secretName: 'cert' } },
    ),
    network: fc.record({ policies: fc.boolean() }),
    scheduling: fc.record({ spread: fc.constantFrom('preferred', 'required') }),
    images: fc.record({ pullSecrets: fc.uniqueArray(fc.constantFrom('one', 'two')) }),
  },
  { requiredKeys: [] },
);

const numRuns = 150;
const titleOf = ({ kind, metadata }: Manifest) => `${kind}/${metadata.name}`;

function labelsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) =>
    ['labels', 'matchLabels'].includes(key) ? Object.values(child as object) : labelsIn(child),
  );
}

test('names and labels fit, whatever the name of the environment', () => {
  fc.assert(
    fc.property(fc.oneof(name, longest), spec, (environment, wanted) => {
      for (const manifest of everything(resolved(wanted, environment))) {
        const most = LONGEST[manifest.kind] ?? 63;
        assert.ok(manifest.metadata.name.length <= most, `${titleOf(manifest)} is longer than ${most}`);
        assert.match(manifest.metadata.name, /^[a-z]([-a-z0-9]*[a-z0-9])?$/);
        for (const label of labelsIn(manifest))
          assert.match(label, /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/, titleOf(manifest));
      }
    }),
    { numRuns },
  );
});

test('two environments of one namespace never have an object in common, not even when named after one', () => {
  fc.assert(
    fc.property(name, spec, spec, fc.nat(), (first, one, two, pick) => {
      const its = everything(resolved(one, first));
      const mine = new Set(its.map(titleOf));
      // The nastiest names: those of the other one's objects, whole or without their last word.
      const nasty = its
        .map(({ metadata }) => metadata.name)
        .flatMap((object) => [object, object.slice(0, object.lastIndexOf('-'))])
        .filter((candidate) => candidate.length <= 40 && candidate !== first && /[a-z0-9]$/.test(candidate));
      const second = nasty[pick % nasty.length];
      if (second === undefined) return;
      for (const manifest of everything(resolved(two, second)))
        assert.not(mine.has(titleOf(manifest)), `${titleOf(manifest)} of ${first} and ${second}`);
    }),
    { numRuns },
  );
});

interface Selector {
  matchLabels: object;
  matchExpressions?: object[];
}

test('every pod is restricted, sized, probed, without a token but for members of a database, and knows its neighbours', () => {
  fc.assert(
    fc.property(name, spec, (environment, wanted) => {
      const all = everything(resolved(wanted, environment));
      const policies = all
        .filter(({ kind }) => kind === 'NetworkPolicy')
        .map(({ spec: policy }) => (policy as { podSelector: Selector }).podSelector)
        // That of the exporters selects several components, and only adds to what each may.
        .filter(({ matchExpressions }) => matchExpressions === undefined)
        .map(({ matchLabels }) => matchLabels);
      for (const { manifest, name: workload, spec: its } of workloads(all)) {
        const { metadata, spec: pod } = its.template;
        const isMember = metadata.labels['app.kubernetes.io/component'] === 'database';
        assert.is(pod.automountServiceAccountToken, isMember, workload);
        assert.is(pod.securityContext.runAsNonRoot, true, workload);
        assert.is(pod.securityContext.seccompProfile.type, 'RuntimeDefault', workload);
        for (const container of pod.containers) {
          const { resources: asked, securityContext } = container;
          assert.is(securityContext.allowPrivilegeEscalation, false, workload);
          assert.is(securityContext.readOnlyRootFilesystem, true, workload);
          assert.equal(securityContext.capabilities.drop, ['ALL'], workload);
          assert.ok(amount(asked.requests.cpu) > 0 && amount(asked.limits.memory) > 0, workload);
          // What ends by itself is watched by its Job.
          if (['Job', 'CronJob'].includes(manifest.kind)) continue;
          // A pod is not to be held up by its metrics; an exporter that ends is started inside its container.
          if (container.name === 'exporter') continue;
          for (const probe of ['readinessProbe', 'livenessProbe'])
            assert.ok(probe in container, `${workload} has no ${probe}`);
        }
        const over = policies.filter((labels) =>
          Object.entries(labels).every(([key, value]) => metadata.labels[key] === value),
        );
        // The one that allows nothing, and the one of its component; a trial of settings needs nobody.
        const own = metadata.labels['app.kubernetes.io/component'] === 'database-check' ? 1 : 2;
        assert.is(over.length, wanted.network?.policies === false ? 0 : own, workload);
      }
    }),
    { numRuns },
  );
});

test.run();

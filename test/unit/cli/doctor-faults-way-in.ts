import { type Case, config, part, secret } from './doctor-fault.ts';
import { API, healthy, PROBES } from './doctor-world.ts';
import { NOW, pod } from './fixtures.ts';

export const WAY_IN_FAULTS: Case[] = [
  [
    '/health that answers 503',
    'health',
    'fail',
    /\/health answers 503/,
    { facts: (facts) => ({ ...facts, health: { status: 503 } }) },
  ],
  [
    'a pod that is not ready',
    'health',
    'fail',
    /1 of 2 pods of the API are not ready/,
    part('pods', healthy('one'), { ...pod('two', API, { phase: 'Running' }), spec: PROBES }),
  ],
  [
    'pods without probes',
    'health',
    'fail',
    /1 pod of the API without readiness/,
    part('pods', { ...healthy('one'), spec: { containers: [{}] } }),
  ],
  [
    'plain HTTP',
    'certificates',
    'fail',
    /plain HTTP: spec\.routing\.tls is not set/,
    {
      spec: (spec) => {
        delete spec.routing?.tls;
        return spec;
      },
    },
  ],
  [
    'a certificate that has ended',
    'certificates',
    'fail',
    /certificate ended on 2026-11-19/,
    secret('tls', {
      state: 'there',
      keys: [],
      certificate: { notAfter: NOW - 86_400_000, names: ['*.cryptosense.com'] },
    }),
  ],
  [
    'a certificate that ends soon',
    'certificates',
    'warn',
    /ends on 2026-11-30, and was not renewed/,
    secret('tls', {
      state: 'there',
      keys: [],
      certificate: { notAfter: NOW + 10 * 86_400_000, names: ['*.cryptosense.com'] },
    }),
  ],
  [
    'a certificate for another host',
    'certificates',
    'fail',
    /not for api\.cryptosense\.com, but for example\.com/,
    secret('tls', {
      state: 'there',
      keys: [],
      certificate: { notAfter: NOW + 90 * 86_400_000, names: ['example.com'] },
    }),
  ],
  [
    'no host name',
    'domain',
    'fail',
    /takes every host name/,
    { spec: (spec) => ({ ...spec, routing: { ...spec.routing, hostnames: [] } }) },
  ],
  [
    'a host name without an address',
    'domain',
    'warn',
    /api\.cryptosense\.com has no address/,
    { facts: (facts) => ({ ...facts, hosts: { 'api.cryptosense.com': 'unknown' } }) },
  ],
  [
    'two environments with one host name',
    'domain',
    'fail',
    /also a host name of market\/staging/,
    {
      facts: (facts) => ({
        ...facts,
        environments: facts.environments.map((one) =>
          one.spec.tier === 'staging'
            ? { ...one, spec: { ...one.spec, routing: { hostnames: ['api.cryptosense.com'] } } }
            : one,
        ),
      }),
    },
  ],
  [
    'a password in the configuration',
    'secrets',
    'fail',
    /config\.SMTP_PASSWORD looks like a secret/,
    config({ SMTP_PASSWORD: 'hunter2' }),
  ],
  [
    'a login in an address',
    'secrets',
    'fail',
    /config\.UPSTREAM looks like a secret/,
    config({ UPSTREAM: 'https://me:hunter2@example.com' }),
  ],
  [
    'no Secret with the logins',
    'secrets',
    'fail',
    /shop-credentials with the logins is not there/,
    secret('shop-credentials', { state: 'absent' }),
  ],
  [
    'no address of a receiver',
    'secrets',
    'fail',
    /cryptosense-notifications has no key team/,
    secret('cryptosense-notifications', { state: 'absent' }),
  ],
  [
    'no pull Secret',
    'secrets',
    'fail',
    /Secret pull of spec\.images\.pullSecrets is not there/,
    {
      spec: (spec) => ({ ...spec, images: { pullSecrets: ['pull'] } }),
      facts: (facts) => ({ ...facts, secrets: { ...facts.secrets, pull: { state: 'absent' } } }),
    },
  ],
  [
    'no NetworkPolicies',
    'network',
    'fail',
    /network\.policies is false/,
    { spec: (spec) => ({ ...spec, network: { policies: false } }) },
  ],
  [
    'the whole internet',
    'network',
    'warn',
    /whole internet/,
    { spec: (spec) => ({ ...spec, network: { egress: [{ cidr: '0.0.0.0/0', ports: [80] }] } }) },
  ],
];

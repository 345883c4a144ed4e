import { createHash } from 'node:crypto';
import { LABELS } from '../../../operator/api/resolved.ts';
import type { Live } from '../../../operator/environment/snapshot.ts';
import type { RestoreResult } from '../../../operator/restore/result.ts';
import type { ApiServer } from './api-server.ts';
import { learnLogins } from './logins.ts';
import { Ledger, type Migrations } from './migration-jobs.ts';

interface PodTemplate {
  metadata: { labels: Record<string, string> };
  spec: { containers: { image: string; args?: string[] }[] };
}

/** How the pods of an image behave. */
export interface Release {
  /** Share of its requests that a pod answers with 5xx. */
  errorRatio?: number;
  starts?: boolean;
  migrates?: boolean;
  migrations?: Migrations;
}

/** What kube-controller-manager, kubelets and the gateway do to the objects, one step a second; the gateway is faster. */
export class Cluster {
  readonly releases = new Map<string, Release>();
  /** Requests and errors that the pods of a revision have answered. */
  readonly counters = new Map<string, { requests: number; errors: number }>();
  /** Promises to users that were broken. */
  readonly broken: string[] = [];
  /** What a scratch PostgreSQL says of settings, '' when it starts with them. */
  scratchDatabase: (settings: string) => string = () => '';
  /** What the Job of a restore comes to; undefined while it works. */
  restore: (job: Live) => RestoreResult | undefined = () => undefined;
  /** What was applied to the database. */
  ledger = new Ledger();
  /** Migrations that never end. */
  isDatabaseSlow = false;
  isGatewayUp = true;
  /** Whether the kubelet carries a changed Secret to the members. */
  learnsLogins = true;
  /** Whether the Secrets that listeners name are there. */
  hasCertificates = true;
  readonly #server: ApiServer;

  constructor(server: ApiServer) {
    this.#server = server;
  }

  second(): void {
    this.#collectGarbage();
    for (const object of this.#server.list('StatefulSet')) this.#grow(object);
    for (const object of this.#server.list('Deployment')) this.#grow(object);
    if (this.learnsLogins) learnLogins(this.#server);
    for (const job of this.#server.list('Job')) this.#finish(job);
    for (const service of this.#server.list('Service')) this.#endpoints(service);
    for (const service of this.#server.list('Service')) this.#found(service);
    this.#orphanSlices();
    for (const route of this.#server.list('HTTPRoute')) this.#traffic(route);
  }

  /** The gateway answers much faster than a pod starts. */
  gateway(): void {
    for (const route of this.#server.list('HTTPRoute')) this.#accept(route);
    for (const gateway of this.#server.list('Gateway')) this.#program(gateway);
  }

  /** Prometheus text of the pod at this address, which is its revision. */
  metrics(revision: string): string {
    const { requests, errors } = this.counters.get(revision) ?? { requests: 0, errors: 0 };
    return [
      '# TYPE http_requests_total counter',
      `http_requests_total{method="GET",route="/api/prices/:symbol",status="200"} ${requests - errors}`,
      `http_requests_total{method="GET",route="/api/prices/:symbol",status="503"} ${errors}`,
      'http_requests_total{method="GET",route="/health/ready",status="503"} 7000',
      '# TYPE http_request_duration_seconds histogram',
      `http_request_duration_seconds_bucket{le="1",method="GET",route="/",status_class="2xx"} ${requests}`,
      `http_request_duration_seconds_count{method="GET",route="/",status_class="2xx"} ${requests}`,
    ].join('\n');
  }

  #grow(object: Live): void {
    const spec = object.spec as {
      replicas?: number;
      template: PodTemplate;
      updateStrategy?: { type: string };
    };
    const { labels } = spec.template.metadata;
    const form = createHash('sha256').update(JSON.stringify(spec.template)).digest('hex').slice(0, 10);
    // Pods of a StatefulSet that waits for their deletion stay as they were made.
    const formOf = (name: string) =>
      (spec.updateStrategy?.type === 'OnDelete' &&
        this.#server.get('Pod', name)?.metadata.labels?.['controller-revision-hash']) ||
      form;
    const image = spec.template.spec.containers[0]?.image ?? '';
    const wanted = spec.replicas ?? 1;
    const was = (object.status as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0;
    const starts = this.releases.get(image)?.starts ?? true;
    const ready = Math.min(starts ? was + 1 : 0, wanted);
    this.#status(object, {
      observedGeneration: object.metadata.generation,
      replicas: wanted,
      updatedReplicas: Array.from({ length: wanted }, (_, i) =>
        formOf(`${object.metadata.name}-pod-${i}`),
      ).filter((its) => its === form).length,
      readyReplicas: ready,
      updateRevision: form,
    });
    this.#claims(object, wanted);
    const revision = labels[LABELS.revision];
    for (let i = 0; i < Math.max(wanted, 10); i++) {
      const name = `${object.metadata.name}-pod-${i}`;
      if (i >= wanted) this.#server.drop('Pod', name);
      else {
        const waiting = { reason: 'CrashLoopBackOff', message: 'back-off' };
        const status = {
          podIP: revision ?? '10.0.0.1',
          conditions: [{ type: 'Ready', status: i < ready ? 'True' : 'False' }],
          ...(starts ? {} : { containerStatuses: [{ state: { waiting } }] }),
        };
        const all = { ...labels, 'controller-revision-hash': formOf(name) };
        const pod = owned('Pod', name, object, all);
        // What somebody wrote on a pod stays there.
        const { annotations } = this.#server.get('Pod', name)?.metadata ?? {};
        const metadata = { ...pod.metadata, ...(annotations ? { annotations } : {}) };
        this.#server.put({ ...pod, metadata, status });
      }
    }
  }

  /** Makes the claims of a StatefulSet as its controller does; a driver gives them what they ask for. */
  #claims({ kind, metadata, spec }: Live, replicas: number): void {
    if (kind !== 'StatefulSet') return;
    const { volumeClaimTemplates = [], selector } = spec as {
      volumeClaimTemplates?: { metadata: { name: string }; spec: object }[];
      selector: { matchLabels: Record<string, string> };
    };
    for (const template of volumeClaimTemplates) {
      for (let i = 0; i < replicas; i++) {
        const name = `${template.metadata.name}-${metadata.name}-${i}`;
        const claim = this.#server.get('PersistentVolumeClaim', name);
        const wanted = (claim?.spec ?? template.spec) as { resources: { requests: { storage: string } } };
        this.#server.put({
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name, namespace: metadata.namespace ?? '', labels: selector.matchLabels },
          spec: wanted,
          status: { phase: 'Bound', capacity: wanted.resources.requests },
        });
      }
    }
  }

  /** A check of a release ends with these words, '' when it passes. */
  check: (revision: string) => string = () => '';

  /** The image of a check cannot be had. */
  isCheckStuck: () => boolean = () => false;

  #finish(job: Live): void {
    if (job.metadata.labels?.[LABELS.component] === 'analysis') {
      if (this.isCheckStuck()) {
        const { name, labels = {} } = job.metadata;
        this.#server.put({
          ...owned('Pod', `${name}-x`, job, { ...labels, 'batch.kubernetes.io/job-name': name }),
          status: { containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull' } } }] },
        });
        return;
      }
      const { template } = job.spec as {
        template: { spec: { containers: { env: { name: string; value: string }[] }[] } };
      };
      const env = template.spec.containers[0]?.env ?? [];
      const revision = env.find(({ name }) => name === 'CRYPTOSENSE_REVISION')?.value ?? '';
      if (!job.status) this.#end(job, this.check(revision));
      return;
    }
    if (job.metadata.labels?.[LABELS.component] === 'database-check') {
      this.#check(job);
      return;
    }
    // Whoever tests backups says what becomes of one.
    if (job.metadata.labels?.[LABELS.component] === 'backup') return;
    if (job.metadata.labels?.[LABELS.component] === 'restore') {
      const result = job.status ? undefined : this.restore(job);
      if (result)
        this.#end(job, JSON.stringify(result), ['restored', 'possible'].includes(result.outcome) ? 0 : 1);
      return;
    }
    const { template } = job.spec as { template: PodTemplate };
    const database = this.#server.list('StatefulSet').find((o) => o.metadata.name.endsWith('-database'));
    if (job.status || !(database?.status as { readyReplicas?: number })?.readyReplicas) return;
    if (this.isDatabaseSlow) return;
    const [container] = template.spec.containers;
    const { migrates = true, migrations = {} } = this.releases.get(container?.image ?? '') ?? {};
    const args = container?.args ?? [];
    // One that only looks, fails at nothing.
    const isGood = migrates || args.includes('report');
    const result = this.ledger.run(isGood ? args : ['report'], migrations);
    const message = JSON.stringify(isGood ? result : { ...result, error: 'column is missing' });
    const { name, labels = {} } = job.metadata;
    this.#server.put({
      ...owned('Pod', `${name}-x`, job, labels),
      status: { containerStatuses: [{ state: { terminated: { exitCode: isGood ? 0 : 1, message } } }] },
    });
    const condition = { type: isGood ? 'Complete' : 'Failed', status: 'True', message: 'Job has failed' };
    this.#status(job, { conditions: [condition] });
  }

  #check(job: Live): void {
    if (job.status) return;
    const { template } = job.spec as { template: { spec: { containers: { env: { value: string }[] }[] } } };
    this.#end(job, this.scratchDatabase(template.spec.containers[0]?.env[0]?.value ?? ''));
  }

  /** The Job's one pod ends with these words: with none, well. */
  #end(job: Live, message: string, exitCode = message ? 1 : 0): void {
    const { name, labels = {} } = job.metadata;
    const terminated = { exitCode, message };
    this.#server.put({
      ...owned('Pod', `${name}-x`, job, { ...labels, 'batch.kubernetes.io/job-name': name }),
      status: { containerStatuses: [{ state: { terminated } }] },
    });
    const type = exitCode > 0 ? 'Failed' : 'Complete';
    this.#status(job, { conditions: [{ type, status: 'True', message: 'Job has failed' }] });
  }

  #endpoints(service: Live): void {
    const { labels = {}, namespace = '', name } = service.metadata;
    const revision = labels[LABELS.revision];
    if (!revision) return;
    const deployment = this.#server.get('Deployment', name);
    const ready = (deployment?.status as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0;
    const endpoints = Array.from({ length: ready }, (_, i) => ({
      addresses: [`${revision}-${i}`],
      conditions: { ready: true },
    }));
    this.#server.put({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-slice`,
        namespace,
        labels: { ...labels, 'kubernetes.io/service-name': name },
      },
      endpoints,
    });
  }

  /** The Service that takes a route's place has the endpoints of all the pods that its selector finds, and their requests. */
  #found(service: Live): void {
    const { labels = {}, namespace = '', name } = service.metadata;
    if (labels[LABELS.component] !== 'routing' || name.endsWith('-preview')) return;
    const { selector } = service.spec as { selector: Record<string, string> };
    const only = selector[LABELS.revision];
    const slices = this.#server
      .list('EndpointSlice')
      .filter(({ metadata }) => metadata.labels?.[LABELS.revision] !== undefined);
    const found = slices.filter(
      ({ metadata }) => only === undefined || metadata.labels?.[LABELS.revision] === only,
    );
    const endpoints = found.flatMap((slice) => slice.endpoints as { addresses: string[] }[]);
    if (endpoints.length === 0 && slices.some((slice) => (slice.endpoints as unknown[]).length > 0))
      this.broken.push(`${name} has no endpoint`);
    this.#server.put({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-slice`,
        namespace,
        labels: { ...labels, 'kubernetes.io/service-name': name },
      },
      endpoints,
    });
    const sharing = found.filter((slice) => (slice.endpoints as unknown[]).length > 0);
    if (sharing.length > 2) this.broken.push(`${name} finds ${sharing.length} releases`);
    for (const slice of sharing) {
      const part = (slice.endpoints as unknown[]).length / endpoints.length;
      this.#count(slice.metadata.labels?.['kubernetes.io/service-name'] ?? '', Math.round(100 * part));
    }
  }

  #orphanSlices(): void {
    for (const { metadata } of this.#server.list('EndpointSlice')) {
      const service = metadata.labels?.['kubernetes.io/service-name'] ?? '';
      if (!this.#server.get('Service', service)) this.#server.drop('EndpointSlice', metadata.name);
    }
  }

  #accept(route: Live): void {
    if (!this.isGatewayUp) return;
    const observedGeneration = route.metadata.generation;
    const conditions = ['Accepted', 'ResolvedRefs'].map((type) => ({
      type,
      status: 'True',
      observedGeneration,
    }));
    this.#status(route, { parents: [{ conditions }] });
  }

  #program(gateway: Live): void {
    if (!this.isGatewayUp) return;
    const observedGeneration = gateway.metadata.generation;
    const is = (type: string, status = 'True', reason = type) => ({
      type,
      status,
      reason,
      observedGeneration,
    });
    const { listeners } = gateway.spec as { listeners: { name: string; protocol: string }[] };
    this.#status(gateway, {
      addresses: [{ value: '192.0.2.7' }],
      conditions: [is('Accepted'), is('Programmed')],
      listeners: listeners.map(({ name, protocol }) => ({
        name,
        conditions: [
          is('Accepted'),
          protocol === 'HTTPS' && !this.hasCertificates
            ? is('ResolvedRefs', 'False', 'InvalidCertificateRef')
            : is('ResolvedRefs'),
        ],
      })),
    });
  }

  #traffic(route: Live): void {
    const { rules } = route.spec as { rules: { backendRefs: { name: string; weight: number }[] }[] };
    const ready = (name: string) =>
      ((this.#server.get('EndpointSlice', `${name}-slice`)?.endpoints as unknown[]) ?? []).length;
    const anyReady = this.#server.list('EndpointSlice').some(({ endpoints }) => (endpoints as []).length > 0);
    for (const { name, weight } of rules[0]?.backendRefs ?? []) {
      if (weight > 0 && anyReady && ready(name) === 0)
        this.broken.push(`${name} gets ${weight} % and has no endpoint`);
      this.#count(name, weight);
    }
  }

  /** So many requests were answered by the pods of this Deployment. */
  #count(name: string, more: number): void {
    const { template } = (this.#server.get('Deployment', name)?.spec ?? {}) as { template?: PodTemplate };
    const release = this.releases.get(template?.spec.containers[0]?.image ?? '');
    const revision = template?.metadata.labels[LABELS.revision] ?? '';
    const { requests, errors } = this.counters.get(revision) ?? { requests: 0, errors: 0 };
    this.counters.set(revision, {
      requests: requests + more,
      errors: errors + Math.round(more * (release?.errorRatio ?? 0)),
    });
  }

  #collectGarbage(): void {
    const uids = new Set([...this.#server.objects.values()].map(({ metadata }) => metadata.uid));
    for (const { kind, metadata } of [...this.#server.objects.values()]) {
      const owners = (metadata as { ownerReferences?: { uid: string }[] }).ownerReferences ?? [];
      if (owners.length > 0 && owners.every(({ uid }) => !uids.has(uid)))
        this.#server.drop(kind, metadata.name);
    }
  }

  #status(object: Live, status: object): void {
    this.#server.edit(object.kind, object.metadata.name, (copy) => {
      copy.status = status;
    });
  }
}

function owned(kind: string, name: string, owner: Live, labels: Record<string, string>) {
  const { uid, namespace } = owner.metadata;
  const ownerReferences = [
    { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid },
  ];
  return { apiVersion: 'v1', kind, metadata: { name, namespace, labels, ownerReferences } };
}

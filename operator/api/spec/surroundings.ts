import { z } from 'zod';
import { duration, form, image, labelMap, notZero, objectName, resources, rules } from './forms.ts';

/** The address of a folder of pages. */
export const WEB_FOLDER = /^https?:[/][/][^\s]+$/;

const toleration = z
  .object({
    key: z
      .string()
      .max(316)
      .describe('Key of the taint; every taint when absent, with operator Exists.')
      .optional(),
    operator: z.enum(['Equal', 'Exists']).describe('How value is compared; Equal when absent.').optional(),
    value: z.string().max(63).describe('Value of the taint, with operator Equal.').optional(),
    effect: z
      .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
      .describe('Effect of the taint; every effect when absent.')
      .optional(),
    tolerationSeconds: z
      .int()
      .min(0)
      .max(86400)
      .describe('How long a pod stays under a taint with effect NoExecute, in seconds.')
      .optional(),
  })
  .describe('A taint of nodes that the pods bear.')
  .meta(
    rules(
      {
        rule: "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
        message: 'a toleration without a key bears every taint: say so with "operator: Exists"',
      },
      {
        rule: "!has(self.value) || !has(self.operator) || self.operator == 'Equal'",
        message: 'a toleration with "operator: Exists" has no value',
      },
    ),
  );

export const scheduling = z
  .object({
    nodeSelector: labelMap(
      'Labels that a node has to have, for example kubernetes.io/arch: amd64.',
    ).optional(),
    tolerations: z
      .array(toleration)
      .max(16)
      .describe('Taints that the pods bear.')
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional(),
    spread: z
      .enum(['preferred', 'required'])
      .describe(
        'Pods of a component go to different zones and nodes if that can be (preferred), or rather wait than go to a node that has more of them than another one (required). Zones are always a preference: not every node names its zone.',
      )
      .optional(),
    priorityClassName: objectName().describe('PriorityClass of the pods.').optional(),
  })
  .describe('Where pods may run.');

export const routing = z
  .object({
    mode: z
      .enum(['gateway', 'service'])
      .describe(
        'What shares the requests among the releases: an HTTPRoute by weights (gateway), or, where there is no gateway, a Service by the number of pods (service).',
      )
      .optional(),
    gateway: z
      .object({
        name: z.string().min(1).max(253).describe('Name of the Gateway.').optional(),
        namespace: z.string().min(1).max(63).describe('Namespace of the Gateway.').optional(),
        className: objectName()
          .describe('GatewayClass of a Gateway that the operator makes for this environment alone.')
          .optional(),
      })
      .describe(
        'The Gateway (Gateway API) that the HTTPRoute attaches to: one that is there, or one of its own.',
      )
      .meta(
        rules({
          rule: '!has(self.className) || (!has(self.name) && !has(self.namespace))',
          message:
            'routing.gateway has either the name and namespace of a Gateway that is there, or the className of one to be made',
        }),
      )
      .optional(),
    hostnames: z
      .array(
        form(
          /^([*][.])?[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
          'a host name is written as api.example.com or *.example.com, in lower case and without a port',
          253,
        ).describe('A host name, or *. and the end of many.'),
      )
      .max(16)
      .describe('Host names of the API, for example api.cryptosense.com; every host when empty.')
      .meta({ 'x-kubernetes-list-type': 'set' })
      .optional(),
    tls: z
      .object({
        secretName: objectName()
          .describe('Secret of type kubernetes.io/tls; made by cert-manager when an issuer is named.')
          .optional(),
        issuer: z
          .object({
            name: objectName().describe('Name of the issuer.'),
            kind: z.enum(['Issuer', 'ClusterIssuer']).describe('ClusterIssuer when absent.').optional(),
          })
          .describe('The issuer of cert-manager that makes and renews the certificate.')
          .optional(),
      })
      .describe('HTTPS at the Gateway of its own; HTTP is redirected to it.')
      .meta(
        rules({
          rule: 'has(self.secretName) || has(self.issuer)',
          message:
            'routing.tls needs a certificate: name its secretName, or the issuer (cert-manager) that makes it',
        }),
      )
      .optional(),
  })
  .describe('How requests reach the API.')
  .meta(
    rules(
      {
        rule: "!has(self.mode) || self.mode != 'service' || (!has(self.gateway) && !has(self.hostnames) && !has(self.tls))",
        message:
          'routing.gateway, routing.hostnames and routing.tls are for a gateway, and with "mode: service" there is none: leave them out',
      },
      {
        rule: '!has(self.tls) || (has(self.gateway) && has(self.gateway.className))',
        message:
          'routing.tls is for a Gateway of its own (routing.gateway.className): a shared Gateway has its certificates itself',
      },
    ),
  );

export const observability = z
  .object({
    serviceMonitor: z
      .object({
        enabled: z
          .boolean()
          .describe('Whether there is one; status says when the cluster lacks the resource.')
          .optional(),
        interval: duration(notZero('serviceMonitor.interval has to be at least 1s'))
          .describe('Time between two scrapes.')
          .optional(),
        labels: labelMap('Labels by which your Prometheus finds it.').optional(),
      })
      .describe('A ServiceMonitor (Prometheus operator) for the pods of the API and the predictor.')
      .optional(),
    rules: z
      .object({
        enabled: z
          .boolean()
          .describe('Whether there is one; status says when the cluster lacks the resource.')
          .optional(),
        paging: z
          .boolean()
          .describe('Whether somebody is paged; otherwise every alert has the severity slack.')
          .optional(),
        labels: labelMap('Labels by which your Prometheus finds it.').optional(),
        runbooks: form(
          WEB_FOLDER,
          'rules.runbooks is the address of a folder, for example https://git.example.com/cryptosense/docs/runbooks',
          512,
        )
          .describe(
            "Where the runbooks are that alerts lead to: a folder with the pages of docs/runbooks. The operator's (RUNBOOKS_URL) when absent.",
          )
          .optional(),
      })
      .describe('A PrometheusRule (Prometheus operator) with the alerts about the environment.')
      .optional(),
    exporters: z
      .object({
        enabled: z.boolean().describe('Whether the pods have one.').optional(),
        image: image().describe('Image with the exporters.').optional(),
        resources: resources.optional(),
      })
      .describe('Metrics of PostgreSQL, PgBouncer and Redis, by an exporter in each of their pods.')
      .optional(),
  })
  .describe('Metrics and alerts for others.');

export const network = z
  .object({
    policies: z
      .boolean()
      .describe('Whether there are NetworkPolicies: nothing is allowed but what the environment needs.')
      .optional(),
    clients: z
      .array(
        z
          .object({
            namespaceLabels: labelMap('Labels of their namespace.'),
            podLabels: labelMap('Labels of the pods; every pod of these namespaces when absent.').optional(),
          })
          .describe('Pods that may call the API without the Gateway.')
          .meta(
            rules({
              rule: 'self.namespaceLabels.size() > 0',
              message:
                'network.clients without a label of the namespace would let in the whole cluster: name at least one',
            }),
          ),
      )
      .max(16)
      .describe('Who may call the API inside the cluster, besides the Gateway.')
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional(),
    egress: z
      .array(
        z
          .object({
            cidr: form(
              /^([0-9]{1,3}[.]){3}[0-9]{1,3}[/]([0-9]|[12][0-9]|3[0-2])$|^[0-9a-fA-F:]+[/][0-9]{1,3}$/,
              'a network is written as 10.0.0.0/8 or fd00::/8',
              43,
              { rule: 'isCIDR(self)', message: 'this is not a network' },
            ).describe('A network.'),
            ports: z
              .array(z.int().min(1).max(65535).describe('A port (TCP).'))
              .min(1)
              .max(16)
              .describe('Ports (TCP).')
              .meta({ 'x-kubernetes-list-type': 'set' }),
          })
          .describe('Addresses that the API may reach.'),
      )
      .max(16)
      .describe('What the API may reach besides its own components and port 443.')
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional(),
  })
  .describe('Who may speak with whom.');

export const images = z
  .object({
    pullSecrets: z
      .array(objectName().describe('Name of a Secret.'))
      .max(8)
      .describe('Secrets of type kubernetes.io/dockerconfigjson that every pod pulls its image with.')
      .meta({ 'x-kubernetes-list-type': 'set' })
      .optional(),
  })
  .describe('How images are pulled.');

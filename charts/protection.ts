import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { effectiveSpec } from '../operator/api/effective-spec.ts';
import { specSchema } from '../operator/api/environment.ts';
import { LABELS } from '../operator/api/resolved.ts';
import { API_VERSION, ASKED_BY, GROUP, KIND, PLURAL, VERSION } from '../operator/api/well-known.ts';
import { OPERATOR_NAMESPACE } from './operator.ts';

/** An annotation with the value "true" by which somebody says that a CRD may be deleted, and every environment with it. */
const ALLOW_DELETION = 'cryptosense.io/allow-deletion';

interface Rule {
  apiGroups: string[];
  apiVersions: string[];
  resources: string[];
}

interface Policy {
  name: string;
  /** What is asked about, when it is deleted if nothing else is said. */
  rules: Rule[];
  operations?: ('CREATE' | 'UPDATE' | 'DELETE')[];
  /** True when the write may go on; `oldObject` is what is to be deleted or changed. */
  allowed: string;
  /** CEL for one sentence: what is refused, and what to do. */
  message: string;
  /** Evaluated once for each environment in the namespace of the object, as `params`; without any, all is allowed. */
  ofEnvironments?: true;
  objectSelector?: object;
  matchConditions?: { name: string; expression: string }[];
  failurePolicy: 'Fail' | 'Ignore';
}

/**
 * Deletion protection, for the whole cluster, and the proof of who gives a command: the API server itself refuses,
 * whether the operator runs or not. A rule
 * in the CRD cannot refuse a deletion, and a finalizer would only leave the environment Terminating. Needs Kubernetes
 * 1.30 or newer.
 */
export class ProtectionChart extends Chart {
  constructor(scope: Construct) {
    super(scope, 'protection', {
      labels: {
        'app.kubernetes.io/name': 'cryptosense-protection',
        'app.kubernetes.io/part-of': 'cryptosense',
      },
    });
    for (const policy of policies()) this.#add(policy);
  }

  #add(policy: Policy): void {
    const { ofEnvironments, objectSelector, matchConditions, failurePolicy } = policy;
    const name = `${GROUP}-${policy.name}`;
    const apiVersion = 'admissionregistration.k8s.io/v1';
    new ApiObject(this, policy.name, {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        failurePolicy,
        ...(ofEnvironments ? { paramKind: { apiVersion: API_VERSION, kind: KIND } } : {}),
        matchConstraints: {
          resourceRules: policy.rules.map((rule) => ({
            ...rule,
            operations: policy.operations ?? ['DELETE'],
          })),
          ...(objectSelector ? { objectSelector } : {}),
        },
        ...(matchConditions ? { matchConditions } : {}),
        validations: [{ expression: policy.allowed, messageExpression: policy.message, reason: 'Forbidden' }],
      },
    });
    new ApiObject(this, `${policy.name}-binding`, {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: {
        policyName: name,
        validationActions: ['Deny'],
        ...(ofEnvironments ? { paramRef: { selector: {}, parameterNotFoundAction: 'Allow' } } : {}),
      },
    });
  }
}

function policies(): Policy[] {
  const environments = { apiGroups: [GROUP], apiVersions: [VERSION], resources: [PLURAL] };
  const operator = `system:serviceaccount:${OPERATOR_NAMESPACE}:cryptosense-operator`;
  return [
    {
      name: 'environments',
      rules: [environments],
      allowed: `${isLeaving('oldObject')} || !(${isProtected('oldObject')})`,
      message: `'environment ' + oldObject.metadata.name + ' is protected: ' + ${remedy('oldObject')}`,
      failurePolicy: 'Fail',
    },
    {
      name: 'namespaces',
      rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['namespaces'] }],
      // The environments of a Namespace are those in the namespace of its own name.
      ofEnvironments: true,
      allowed: `!(${isProtected('params')})`,
      message: `'namespace ' + oldObject.metadata.name + ' holds the protected environment ' + params.metadata.name + ': ' + ${remedy('params')}`,
      // When the CRD is missing, the environments cannot be looked up: no reason to keep every namespace of the cluster.
      failurePolicy: 'Ignore',
    },
    {
      name: 'data',
      rules: [
        { apiGroups: [''], apiVersions: ['v1'], resources: ['persistentvolumeclaims', 'secrets'] },
        { apiGroups: ['apps'], apiVersions: ['v1'], resources: ['statefulsets'] },
      ],
      objectSelector: { matchExpressions: [{ key: LABELS.environment, operator: 'Exists' }] },
      // The operator has a guard of its own, and must be able to make a StatefulSet again over the same volumes.
      matchConditions: [
        { name: 'not-by-the-operator', expression: `request.userInfo.username != '${operator}'` },
        {
          // One that is installed for this namespace alone lives in it.
          name: 'not-by-the-operator-of-the-namespace',
          expression: `request.userInfo.username != 'system:serviceaccount:' + request.namespace + ':cryptosense-operator'`,
        },
      ],
      ofEnvironments: true,
      allowed: `params.metadata.name != oldObject.metadata.labels['${LABELS.environment}'] || ${isLeaving('params')} || !(${isProtected('params')})`,
      message: `oldObject.kind + ' ' + oldObject.metadata.name + ' belongs to the protected environment ' + params.metadata.name + ': ' + ${remedy('params')}`,
      failurePolicy: 'Fail',
    },
    {
      // Not about deletion: that the name which a command carries is the name of who gives it.
      name: 'askers',
      rules: [environments],
      operations: ['CREATE', 'UPDATE'],
      matchConditions: [{ name: 'names-somebody', expression: askedBy('object') }],
      allowed: `object.metadata.annotations['${ASKED_BY}'] == request.userInfo.username || (request.operation == 'UPDATE' && ${askedBy('oldObject')} && oldObject.metadata.annotations['${ASKED_BY}'] == object.metadata.annotations['${ASKED_BY}'])`,
      message: `'${ASKED_BY} says who gives a command: write your own name there, ' + request.userInfo.username + ', or leave it out'`,
      failurePolicy: 'Fail',
    },
    {
      name: 'definitions',
      rules: [
        {
          apiGroups: ['apiextensions.k8s.io'],
          apiVersions: ['v1'],
          resources: ['customresourcedefinitions'],
        },
      ],
      matchConditions: [{ name: 'of-this-project', expression: `oldObject.spec.group == '${GROUP}'` }],
      allowed: `${isLeaving('oldObject')} || (has(oldObject.metadata.annotations) && '${ALLOW_DELETION}' in oldObject.metadata.annotations && oldObject.metadata.annotations['${ALLOW_DELETION}'] == 'true')`,
      message: `'with ' + oldObject.metadata.name + ' every ' + oldObject.spec.names.kind + ' of the cluster would be deleted: if that is what you want, kubectl annotate crd ' + oldObject.metadata.name + ' ${ALLOW_DELETION}=true first'`,
      failurePolicy: 'Fail',
    },
  ];
}

function askedBy(environment: string): string {
  return `has(${environment}.metadata.annotations) && '${ASKED_BY}' in ${environment}.metadata.annotations`;
}

/** What is being deleted already cannot be kept by a refusal. */
function isLeaving(environment: string): string {
  return `has(${environment}.metadata.deletionTimestamp)`;
}

/** The API server does not know the tier's defaults: they are part of the expression. */
function isProtected(environment: string): string {
  const tiers = specSchema.shape.tier.options.filter(
    (tier) => effectiveSpec({ tier, release: { image: 'any:1' } }).deletionProtection,
  );
  const field = `${environment}.spec.deletionProtection`;
  return `has(${field}) ? ${field} : ${environment}.spec.tier in [${tiers.map((tier) => `'${tier}'`).join(', ')}]`;
}

function remedy(environment: string): string {
  return `'set its spec.deletionProtection to false first (kubectl -n ' + ${environment}.metadata.namespace + ' edit cse ' + ${environment}.metadata.name + ')'`;
}

import type { Facts } from './spans.ts';

/** What the authorizer of the API server calls a request, and RBAC's rules with it; an apply is a patch there. */
const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

const PATH =
  /^\/(?:api|apis\/(?<group>[^/]+))\/[^/]+(?:\/namespaces\/(?<namespace>[^/]+)(?=\/))?\/(?<plural>[^/]+)(?:\/(?<object>[^/]+))?(?:\/(?<subresource>[^/]+))?$/;

/** Name and facts of a request's span: "apply deployments.apps", its object and namespace. Nothing of its query, nor of its body but the name of what is created. */
export function aboutRequest(request: {
  method: string;
  path: string;
  contentType?: string;
  body?: unknown;
}): {
  name: string;
  facts: Facts;
} {
  const { method, path, contentType, body } = request;
  const {
    group,
    namespace,
    plural,
    object = nameIn(method, body),
    subresource,
  } = PATH.exec(path)?.groups ?? {};
  const isApply = contentType === 'application/apply-patch+yaml';
  const verb = isApply ? 'apply' : (VERBS[method] ?? (object === undefined ? 'list' : 'get'));
  const resource = plural === undefined ? undefined : [plural, group].filter(Boolean).join('.');
  const what = [resource, subresource].filter(Boolean).join('/');
  return {
    name: [verb, what].filter(Boolean).join(' '),
    facts: {
      'http.request.method': method,
      'k8s.verb': verb,
      'k8s.resource': resource,
      'k8s.subresource': subresource,
      'k8s.namespace.name': namespace,
      'k8s.object.name': object,
    },
  };
}

function nameIn(method: string, body: unknown): string | undefined {
  return method === 'POST'
    ? (body as { metadata?: { name?: string } } | undefined)?.metadata?.name
    : undefined;
}

/** JSON Schemas for kubeconform, made from Kubernetes' own OpenAPI document and from CRDs. Pure. */
type Schema = { [key: string]: unknown };

interface Gvk {
  group: string;
  version: string;
  kind: string;
}

interface Definition extends Schema {
  'x-kubernetes-group-version-kind'?: Gvk[];
}

export interface CustomResourceDefinition {
  spec: {
    group: string;
    names: { kind: string };
    versions: { name: string; schema: { openAPIV3Schema: Schema } }[];
  };
}

const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const METADATA = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** One schema a kind, by file name as kubeconform looks it up: "deployment-apps-v1.json". */
export class KubeSchemas {
  readonly files = new Map<string, Schema>();
  readonly #definitions: Record<string, Definition>;

  /** `openapi`: api/openapi-spec/swagger.json of Kubernetes. */
  constructor(openapi: { definitions: Record<string, Definition> }) {
    const strictly = Object.entries(openapi.definitions).map(([name, schema]) => [name, strict(schema)]);
    this.#definitions = Object.fromEntries(strictly) as Record<string, Definition>;
    this.#definitions[QUANTITY] = { type: ['string', 'number'] };
    for (const [name, definition] of Object.entries(this.#definitions)) {
      for (const gvk of definition['x-kubernetes-group-version-kind'] ?? [])
        this.files.set(fileName(gvk), this.#complete({ $ref: `#/definitions/${name}` }));
    }
  }

  addCustomResource({ spec }: CustomResourceDefinition): void {
    for (const { name, schema } of spec.versions) {
      const root = strict(schema.openAPIV3Schema);
      const properties = {
        ...(root.properties as Schema),
        metadata: { $ref: `#/definitions/${METADATA}` },
      };
      const file = fileName({ group: spec.group, version: name, kind: spec.names.kind });
      this.files.set(file, this.#complete({ ...root, properties }));
    }
  }

  /** The schema with the definitions that it refers to, itself or through others; some refer to themselves. */
  #complete(schema: Schema): Schema {
    const definitions: Record<string, Schema> = {};
    const pending: unknown[] = [schema];
    while (pending.length > 0) {
      const value = pending.pop();
      if (typeof value !== 'object' || value === null) continue;
      for (const [key, child] of Object.entries(value)) {
        pending.push(child);
        if (key !== '$ref' || typeof child !== 'string') continue;
        const name = child.replace('#/definitions/', '');
        const definition = this.#definitions[name];
        if (!definition) throw new Error(`the OpenAPI document has no definition ${name}`);
        if (name in definitions) continue;
        definitions[name] = definition;
        pending.push(definition);
      }
    }
    return { $schema: 'http://json-schema.org/draft-07/schema#', ...schema, definitions };
  }
}

/** kubeconform's {{ .ResourceKind }}{{ .KindSuffix }}: of a group, its first label alone. */
function fileName({ group, version, kind }: Gvk): string {
  const parts = [kind, ...(group === '' ? [] : [group.split('.')[0]]), version];
  return `${parts.join('-').toLowerCase()}.json`;
}

/** Objects with named fields have no others, numbers may stand where Kubernetes takes them. */
function strict(value: Schema): Schema {
  if (value['x-kubernetes-int-or-string'] === true || value.format === 'int-or-string')
    return { type: ['string', 'integer'] };
  const result: Schema = {};
  for (const [key, child] of Object.entries(value)) result[key] = strictChild(key, child);
  const open =
    value.additionalProperties !== undefined || value['x-kubernetes-preserve-unknown-fields'] === true;
  if (value.properties !== undefined && !open) result.additionalProperties = false;
  return result;
}

function strictChild(key: string, child: unknown): unknown {
  if (typeof child !== 'object' || child === null || Array.isArray(child)) return child;
  // Under "properties" the keys are names of fields, not words of the schema.
  if (key === 'properties')
    return Object.fromEntries(Object.entries(child).map(([name, field]) => [name, strict(field as Schema)]));
  return strict(child as Schema);
}

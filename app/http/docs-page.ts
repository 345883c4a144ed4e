import { createHash } from 'node:crypto';

type Json = Record<string, unknown>;
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    schema: Json;
  }[];
  readonly requestBody?: { content: Record<string, { schema: Json }> };
  readonly responses: Record<string, { description: string; content?: Record<string, { schema: Json }> }>;
  readonly security?: unknown;
}

const style = `
:root{color-scheme:light dark;--line:#8884;--soft:#8881}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
code,pre{font:14px/1.4 ui-monospace,monospace}
pre{overflow:auto;padding:.75rem;background:var(--soft);border-radius:.25rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;border-bottom:1px solid var(--line)}
details{border:1px solid var(--line);border-radius:.25rem;margin:.5rem 0;padding:.5rem .75rem}
summary{cursor:pointer}
summary b{display:inline-block;min-width:4.5rem;text-transform:uppercase}
`;

/** The policy under which the page is shown: its own style and nothing else, no script. */
export const docsPolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; frame-ancestors 'none'; base-uri 'none'`;

/** The OpenAPI document as a page for people: complete without a script and without anything from elsewhere. */
export function docsPage(document: Json): string {
  const { info, paths, components } = document as {
    info: { title: string; version: string; description: string };
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, Json> };
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))];
  const sections = tags.map(
    (tag) =>
      `<h2>${text(tag)}</h2>${operations
        .filter(({ operation }) => operation.tags.includes(tag))
        .map(({ path, method, operation }) => operationOf(path, method, operation))
        .join('')}`,
  );
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="${text(name)}"><summary><code>${text(name)}</code></summary>${json(schema)}</details>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${text(info.title)}</title><style>${style}</style></head><body><main>
<h1>${text(info.title)} <small>${text(info.version)}</small></h1><p>${text(info.description)}</p>
<p>For programs: <a href="openapi.json">openapi.json</a>. Every path is below <code>/api/v1</code>.</p>
${sections.join('\n')}<h2>Schemas</h2>${schemas.join('')}</main></body></html>`;
}

function operationOf(path: string, method: string, operation: Operation): string {
  const { summary, description, parameters = [], requestBody, responses, security } = operation;
  const rows = parameters.map(
    (parameter) =>
      `<tr><td><code>${text(parameter.name)}</code>${parameter.required ? ' *' : ''}</td><td>${text(parameter.in)}</td><td>${text(parameter.description ?? '')} <code>${text(JSON.stringify(parameter.schema))}</code></td></tr>`,
  );
  const answers = Object.entries(responses).map(
    ([status, { description: meaning, content = {} }]) =>
      `<tr><td>${text(status)}</td><td>${text(meaning)}</td><td>${Object.entries(content)
        .map(([type, { schema }]) => `<code>${text(type)}</code> ${reference(schema)}`)
        .join(' ')}</td></tr>`,
  );
  return `<details id="${text(operation.operationId)}"><summary><b>${text(method)}</b> <code>${text(path)}</code> ${text(summary)}</summary>
${description ? `<p>${text(description)}</p>` : ''}${security ? '<p>Needs an account.</p>' : ''}
${rows.length > 0 ? `<table><thead><tr><th>parameter</th><th>in</th><th></th></tr></thead><tbody>${rows.join('')}</tbody></table>` : ''}
${
  requestBody
    ? `<h4>Body</h4>${Object.values(requestBody.content)
        .map(({ schema }) => reference(schema))
        .join('')}`
    : ''
}
<table><thead><tr><th>status</th><th></th><th></th></tr></thead><tbody>${answers.join('')}</tbody></table></details>`;
}

function reference(schema: Json): string {
  const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined;
  return name === undefined ? json(schema) : `<a href="#${text(name)}">${text(name)}</a>`;
}

const json = (value: Json) => `<pre tabindex="0">${text(JSON.stringify(value, null, 2))}</pre>`;

const text = (value: string) => value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** What stands in the place of a secret. */
const REDACTED = '[redacted]';

/** Names of values that nobody but their owner should see. */
const SECRET_NAME =
  /pass(word|wd|phrase)?$|passw|secret|token|credential|api[-_]?key|private[-_]?key|access[-_]?key|dsn$|authorization|cookie/i;

/** A reference to a secret, or a number, is none. */
const HARMLESS_NAME =
  /(_FILE|Name|Ref|Secret|Secrets|SecretName|Path|Policy|Protection|automountServiceAccountToken|Seconds)$/;

/** Forms of secrets wherever they stand: in logs, in Events, in values with harmless names. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  // user:password@ in an address.
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s/:@"']*):[^\s@"']+@/gi, `$1:${REDACTED}@`],
  [/\b(Bearer|Basic|Token)\s+[A-Za-z0-9+/=._~-]{6,}/gi, `$1 ${REDACTED}`],
  // A JSON Web Token, with or without a name.
  [/\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*/g, REDACTED],
  [/https:\/\/hooks\.slack\.com\/[^\s"']+/g, `https://hooks.slack.com/${REDACTED}`],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/g, REDACTED],
  [/\b(xox[abpr]-|gh[pousr]_|github_pat_|sk_live_|glpat-)[A-Za-z0-9_-]{8,}/g, REDACTED],
  // password=..., "token": "...", API_KEY: ...
  [
    /((?:^|[\s,;&?{("'\\])[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|authorization|credential)(?!s?Name|s?Ref|_?FILE|File|Path|Seconds|Policy)[\w-]*["'\\]*\s*[=:]\s*["'\\]*)(?!\[redacted\])([^\s"',;&}\\]+)/gi,
    `$1${REDACTED}`,
  ],
  [/\b(SCRAM-SHA-256\$)[^\s"']+/g, `$1${REDACTED}`],
];

/** Whether a value of this name is one that should be in a Secret. */
export function looksSecret(name: string, value: string): boolean {
  if (value === '') return false;
  if (SECRET_NAME.test(name) && !HARMLESS_NAME.test(name)) return true;
  return redactedText(value) !== value;
}

/** A text without what has the form of a secret. Pure. */
export function redactedText(text: string): string {
  return FORMS.reduce((clean, [form, instead]) => clean.replace(form, instead), text);
}

/** Annotations that repeat the object as it was written, secrets and all. */
const REPEATS = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * An object without secrets: values with the name of one, environment variables and entries of lists of name and value among
 * them; what has the form of one; managedFields and copies of the object. A Secret keeps nothing but its names. Pure.
 */
export function redactedObject(value: unknown, name = ''): unknown {
  if (typeof value === 'string')
    return SECRET_NAME.test(name) && !HARMLESS_NAME.test(name) ? REDACTED : redactedText(value);
  if (Array.isArray(value)) return value.map((item) => redactedObject(item, name));
  if (typeof value !== 'object' || value === null) return value;
  const object = value as Record<string, unknown>;
  const isSecret = object.kind === 'Secret';
  const entries = Object.entries(object).flatMap(([key, field]): [string, unknown][] => {
    if (key === 'managedFields' || key === REPEATS) return [];
    if (isSecret && (key === 'data' || key === 'stringData')) return [[key, emptied(field)]];
    // { name: 'API_KEY', value: '...' }
    if (key === 'value' && typeof object.name === 'string')
      return [[key, redactedObject(field, object.name)]];
    return [[key, redactedObject(field, key)]];
  });
  return Object.fromEntries(entries);
}

function emptied(field: unknown): Record<string, string> {
  return Object.fromEntries(Object.keys((field ?? {}) as object).map((key) => [key, REDACTED]));
}

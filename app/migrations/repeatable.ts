/** What can be run again after it was cut off, wherever that was. The first group is the name of an index that it makes. */
const REPEATABLE = [
  /^create (?:unique )?index concurrently if not exists ("[^"]+"|[a-z_][a-z0-9_]*) on /i,
  /^drop index concurrently if exists /i,
  /^reindex \(?(?:index|table) concurrently /i,
  /^alter type .* add value if not exists /i,
  /^refresh materialized view concurrently /i,
  /^vacuum\b/i,
];

/**
 * The one statement of a script that cannot be in a transaction, and the index that it makes, if it makes one; or what is
 * wrong with the script, as the end of a sentence.
 */
export function repeatable(
  script: string,
): { statement: string; index?: string; problem?: undefined } | { problem: string } {
  const found = statements(script);
  const [statement = ''] = found;
  if (found.length !== 1)
    return {
      problem: `holds ${found.length} statements: it may hold one, so that a run that was cut off can be repeated`,
    };
  const match = REPEATABLE.map((pattern) => pattern.exec(statement)).find((one) => one !== null);
  if (!match)
    return {
      problem:
        'its statement cannot be repeated: it may be create index concurrently if not exists, drop index concurrently if exists, reindex concurrently, alter type … add value if not exists, refresh materialized view concurrently or vacuum',
    };
  const index = match[1]?.replaceAll('"', '');
  return index === undefined ? { statement } : { statement, index };
}

/** Comments, quoted text and names, and dollar-quoted text; the last of them may hold semicolons and quotes. */
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]*)\$[\s\S]*?\$\1\$|;|\s+|[^\s;'"$/-]+|./g;

/** The statements of a script, without comments and with single blanks. */
function statements(script: string): string[] {
  const found: string[] = [''];
  for (const [token] of script.matchAll(TOKEN)) {
    if (token === ';') found.push('');
    else if (/^(--|\/\*)/.test(token) || /^\s/.test(token)) found.push(`${found.pop() ?? ''} `);
    else found.push(`${found.pop() ?? ''}${token}`);
  }
  return found.map((text) => text.replace(/ +/g, ' ').trim()).filter((text) => text !== '');
}

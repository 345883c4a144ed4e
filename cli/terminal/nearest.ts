/** Number of single letters to insert, delete or change until `a` is `b` (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The names that somebody may have meant, the nearest first: at most three, each a third of its letters away or less. */
export function nearest(meant: string, names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, away: name.startsWith(meant) ? 0.5 : distance(meant, name) }))
    .filter(({ name, away }) => away <= Math.max(1, Math.floor(Math.max(name.length, meant.length) / 3)))
    .sort((a, b) => a.away - b.away || a.name.localeCompare(b.name))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** ` Did you mean shop or shop-2?`, or nothing when no name is near. */
export function suggestion(meant: string, names: readonly string[]): string {
  const near = nearest(meant, names);
  if (near.length === 0) return '';
  const last = near.at(-1) as string;
  return ` Did you mean ${near.length === 1 ? last : `${near.slice(0, -1).join(', ')} or ${last}`}?`;
}

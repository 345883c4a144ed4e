/** How a documented kubectl command is tried: a question is asked, a write goes as far as the API server's "yes", of the rest the flags are looked at. */
export interface Rehearsal {
  args: string[];
  how: 'asked' | 'dry run' | 'flags';
}

const QUESTIONS = new Set(['get', 'describe', 'explain', 'api-resources']);
const WRITES = new Set(['apply', 'create', 'patch', 'annotate', 'label', 'delete', 'set', 'scale']);
/** Flags of kubectl itself that come before the verb, and have a value. */
const WITH_VALUE = new Set(['-n', '--namespace', '--context', '--kubeconfig']);

function verbOf(args: readonly string[]): string {
  const at = args.findIndex((word, i) => !word.startsWith('-') && !WITH_VALUE.has(args[i - 1] ?? ''));
  return args[at] ?? '';
}

/** `isEmpty`: it is to write what it reads from standard input, and nothing is known of that. */
export function rehearsalOf(args: readonly string[], { isEmpty = false } = {}): Rehearsal {
  const verb = verbOf(args);
  if (QUESTIONS.has(verb))
    return { how: 'asked', args: args.filter((word) => !['-w', '--watch'].includes(word)) };
  // A token has no dry run, and giving one out changes nothing.
  if (verb === 'create' && args.includes('token')) return { how: 'asked', args: [...args] };
  if (WRITES.has(verb) && !isEmpty) {
    if (args.some((word) => word.startsWith('--dry-run'))) return { how: 'dry run', args: [...args] };
    return { how: 'dry run', args: beforeDashes(args, '--dry-run=server') };
  }
  // kubectl reads all flags before it looks for --help.
  return { how: 'flags', args: beforeDashes(args, '--help') };
}

/** What follows `--` is for the program in the pod. */
function beforeDashes(args: readonly string[], flag: string): string[] {
  const end = args.indexOf('--');
  return end < 0 ? [...args, flag] : [...args.slice(0, end), flag, ...args.slice(end)];
}

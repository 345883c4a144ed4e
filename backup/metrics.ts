import type { ArchiveState } from '../operator/backup/archive.ts';

/** The state as Prometheus reads it. A time that is not known has no sample. */
export function metricsOf(state: ArchiveState): string {
  const seconds = (at: string | undefined) => (at === undefined ? undefined : Date.parse(at) / 1000);
  const page: [name: string, type: 'gauge' | 'counter', help: string, value: number | undefined][] = [
    ['primary', 'gauge', 'Whether this member is the primary.', state.isPrimary ? 1 : 0],
    ['archived_total', 'counter', 'Segments of the log that went to the bucket.', state.archived],
    ['failed_total', 'counter', 'Tries to archive a segment that failed.', state.failed],
    [
      'last_archived_timestamp_seconds',
      'gauge',
      'When a segment went to the bucket last.',
      seconds(state.lastArchivedAt),
    ],
    ['last_failed_timestamp_seconds', 'gauge', 'When a try failed last.', seconds(state.lastFailedAt)],
    ['waiting', 'gauge', 'Segments that are not in the bucket yet.', state.waiting],
    [
      'oldest_waiting_timestamp_seconds',
      'gauge',
      'Since when the oldest of them waits.',
      seconds(state.oldestWaitingAt),
    ],
    ['wal_bytes', 'gauge', 'Bytes of the log on the volume.', state.walBytes],
    ['disk_free_bytes', 'gauge', 'Bytes that are free on the volume.', state.diskFree],
    ['stanza_ready', 'gauge', 'Whether the archive can be used.', state.stanzaProblem === undefined ? 1 : 0],
  ];
  return page
    .filter(([, , , value]) => value !== undefined)
    .map(([name, type, help, value]) => {
      const full = `cryptosense_archive_${name}`;
      return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${full} ${value}\n`;
    })
    .join('');
}

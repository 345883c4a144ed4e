interface Place {
  readonly name: string;
  readonly namespace: string;
}

/** Where in a bucket everything of one environment's backups is: no slash at either end. */
export function prefixOf({ name, namespace }: Place, prefix?: string): string {
  return prefix ?? `${namespace}/${name}`;
}

/**
 * Name of the archive that a database writes its log to: 1 at birth, and one more after every restore, because two
 * histories must never be mixed in one archive.
 */
export function stanzaOf(environment: string, number = 1): string {
  return `${environment}-${number}`;
}

/** The stanza that comes after `stanza`; of the environment's first one when there is none. */
export function nextStanza(environment: string, stanza: string | undefined): string {
  return stanzaOf(environment, stanza === undefined ? 1 : stanzaNumber(environment, stanza) + 1);
}

/** What `stanzaOf` made a stanza of. Throws for a stanza of another environment. */
export function stanzaNumber(environment: string, stanza: string): number {
  const number = stanza.startsWith(`${environment}-`) ? stanza.slice(environment.length + 1) : '';
  if (!/^[1-9][0-9]{0,8}$/.test(number))
    throw new Error(
      `${stanza} is no stanza of the environment ${environment}: it has the form ${environment}-1`,
    );
  return Number(number);
}

/** Folder of pgBackRest in the bucket, as its option repo1-path takes it. */
export function repositoryPath(prefix: string): string {
  return `/${prefix}/pgbackrest`;
}

/** Key of a dump. `at`: when it was begun, in milliseconds since 1970. It is gzip inside of AES-256. */
export function dumpKey(prefix: string, at: number): string {
  const [date, time] = new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  return `${prefix}/dumps/cryptosense_backup_${date}_${time}.sql.gz.enc`;
}

/** Key under which a dump is until it is whole; nothing there is a backup. */
export function unfinishedKey(prefix: string, name: string): string {
  return `${prefix}/unfinished/${name}`;
}

export function recordsFolder(prefix: string): string {
  return `${prefix}/records/`;
}

/** Key of the record of the CryptoSenseBackup `name`. */
export function recordKey(prefix: string, name: string): string {
  return `${recordsFolder(prefix)}${name}.json`;
}

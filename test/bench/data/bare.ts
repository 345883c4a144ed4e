import type { BackupWorld } from '../../integration/backup/world.ts';

// What a person would type in the database's container, with the same pgBackRest, settings, volume and bucket.

const FOLDER = '/var/lib/postgresql/data/bare';
const LOGIN = '--host=/var/run/postgresql --username=postgres';

export function bareBackup(world: BackupWorld): Promise<number> {
  return timed(world, `pgbackrest-repository.sh --stanza=${world.settings.stanza} --type=full backup`);
}

/** Of the newest backup, up to the files being there. */
export async function bareRestore(world: BackupWorld): Promise<number> {
  const { stanza } = world.settings;
  await shell(world, `rm -rf ${FOLDER} && mkdir -m 700 ${FOLDER}`);
  const options = `--stanza=${stanza} --pg1-path=${FOLDER} --archive-mode=off --type=default`;
  const seconds = await timed(world, `pgbackrest-repository.sh ${options} restore`);
  await shell(world, `rm -rf ${FOLDER}`);
  return seconds;
}

/** To a file of the volume, neither encrypted nor sent anywhere. */
export function bareDump(world: BackupWorld): Promise<number> {
  const options = '--format=plain --no-owner --no-privileges --lock-wait-timeout=60s';
  return timed(
    world,
    `mkdir -p ${FOLDER} && pg_dump ${LOGIN} ${options} ${world.settings.database.name} | gzip > ${FOLDER}/dump.sql.gz`,
  );
}

/** Into an empty server with the settings of a scratch server; checked and counted as ours is. */
export async function bareDumpLoaded(world: BackupWorld): Promise<number> {
  const [data, login] = [`${FOLDER}/data`, `--host=${FOLDER} --username=postgres`];
  const settings = [
    "listen_addresses=''",
    `unix_socket_directories=${FOLDER}`,
    ...['fsync=off', 'full_page_writes=off', 'shared_buffers=64MB', 'max_wal_senders=0', 'jit=off'],
  ];
  const options = settings.map((setting) => `-c ${setting}`).join(' ');
  const seconds = await timed(
    world,
    `initdb --pgdata=${data} --username=postgres --encoding=UTF8 --locale=C.UTF-8 --no-sync > ${FOLDER}/initdb.log &&
    pg_ctl -D ${data} -w -s -l ${FOLDER}/log -o "${options}" start &&
    gunzip --stdout ${FOLDER}/dump.sql.gz |
      psql ${login} --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --single-transaction --output=/dev/null --dbname=postgres &&
    pg_amcheck ${login} --all --install-missing &&
    psql ${login} --dbname=postgres --quiet --output=/dev/null \\
      --command='select count(*), max(timestamp) from price_history' &&
    pg_ctl -D ${data} -w -s -m fast stop`,
  );
  await shell(world, `rm -rf ${FOLDER}`);
  return seconds;
}

/** Seconds that the script takes, by the clock of the container. Throws when it fails. */
async function timed(world: BackupWorld, script: string): Promise<number> {
  const output = await shell(world, `from=$EPOCHREALTIME; ${script}; echo "took $from $EPOCHREALTIME"`);
  const [, from, to] = /^took ([\d.]+) ([\d.]+)$/m.exec(output) ?? [];
  return Number(to) - Number(from);
}

async function shell(world: BackupWorld, script: string): Promise<string> {
  const { exitCode, output } = await world.exec(['bash', '-euo', 'pipefail', '-c', script]);
  if (exitCode !== 0) throw new Error(`${script}: ${output}`);
  return output;
}

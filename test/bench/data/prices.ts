import type { BackupWorld } from '../../integration/backup/world.ts';

const ROWS_AT_ONCE = 500_000;

/**
 * A table of prices that grows until the database has so many bytes; its text compresses to about a half, as random digits
 * do. Returns the bytes of the whole server, which is what a backup reads.
 */
export async function fillWithPrices(world: BackupWorld, bytes: number): Promise<number> {
  await world.query(`
    create table price_history (
      id bigint generated always as identity primary key, symbol text not null, timestamp timestamptz not null,
      price numeric(20, 8) not null, volume numeric(24, 2) not null, source text not null);
    alter table price_history owner to cryptosense`);
  while ((await sizeOf(world)) < bytes)
    await world.query(`
      insert into price_history (symbol, timestamp, price, volume, source)
      select (array['BTC', 'ETH', 'SOL', 'ADA'])[1 + i % 4], now() - i * interval '1 second',
        random() * 60000, random() * 1e10, md5(random()::text) || md5(random()::text)
      from generate_series(1, ${ROWS_AT_ONCE}) as i`);
  await world.query('vacuum analyze price_history');
  await world.query('checkpoint');
  return sizeOf(world);
}

async function sizeOf(world: BackupWorld): Promise<number> {
  return Number(await world.query('select sum(pg_database_size(oid)) from pg_database'));
}

-- reversible

-- A hypertable where TimescaleDB is installed, else a table with a partition a month. The rest of the application
-- sees no difference: price_history and price_history_prepare(from, to) are there in both.
do $migration$
declare
  timescale boolean := exists (select from pg_available_extensions where name = 'timescaledb');
begin
  if timescale then
    create extension if not exists timescaledb;
  end if;

  execute format($table$
    create table price_history (
      symbol text not null,
      timestamp timestamptz not null,
      -- Eight digits, not two: some assets are worth less than a cent.
      price numeric(20, 8) not null check (price >= 0),
      -- What was traded in the 24 hours before, in US dollars.
      volume numeric(28, 8) check (volume >= 0),
      primary key (symbol, timestamp)
    ) %s $table$, case when timescale then '' else 'partition by range (timestamp)' end);

  if timescale then
    perform create_hypertable('price_history', 'timestamp');
    alter table price_history set (timescaledb.compress, timescaledb.compress_segmentby = 'symbol');
    perform add_compression_policy('price_history', interval '7 days');

    create function price_history_prepare(first timestamptz, last timestamptz) returns void
      language sql as 'select';
  else
    -- Takes the rows for which there is no month yet, so that no insert ever fails.
    create table price_history_default partition of price_history default;

    -- Runs with its owner's rights: the application's own login may not create tables.
    create function price_history_prepare(first timestamptz, last timestamptz) returns void
      language plpgsql security definer set search_path from current set timezone = 'UTC' as $function$
    declare
      month timestamptz;
      partition text;
    begin
      for month in select generate_series(date_trunc('month', first), last, interval '1 month') loop
        partition := 'price_history_' || to_char(month, 'YYYY_MM');
        continue when to_regclass(partition) is not null;
        perform pg_advisory_xact_lock(hashtext('price_history_prepare'));
        continue when to_regclass(partition) is not null;
        execute format('create table %I (like price_history including all)', partition);
        -- A partition cannot be attached while the default one holds rows of its month.
        execute format($move$
          with moved as (
            delete from price_history_default where timestamp >= %L and timestamp < %L returning *)
          insert into %I select * from moved $move$, month, month + interval '1 month', partition);
        execute format('alter table price_history attach partition %I for values from (%L) to (%L)',
          partition, month, month + interval '1 month');
      end loop;
    end
    $function$;
    perform price_history_prepare(now() - interval '1 month', now() + interval '2 months');
  end if;
end
$migration$;

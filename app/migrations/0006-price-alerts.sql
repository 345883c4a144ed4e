-- reversible

create table price_alerts (
  id text primary key,
  user_id text not null references users (id) on delete cascade,
  symbol text not null,
  direction text not null check (direction in ('above', 'below')),
  threshold numeric(20, 8) not null check (threshold > 0),
  -- Both or none: where it is told, and what the message is signed with.
  webhook_url text,
  webhook_secret text,
  created_at timestamptz not null default current_timestamp,
  -- When it was fired, and by which price. An alert fires once.
  fired_at timestamptz,
  fired_price numeric(20, 8),
  fired_price_at timestamptz,
  check ((webhook_url is null) = (webhook_secret is null)),
  check ((fired_at is null) = (fired_price is null))
);

create index price_alerts_user_id_created_at_idx on price_alerts (user_id, created_at desc, id desc);
create index price_alerts_waiting_idx on price_alerts (symbol, direction, threshold) where fired_at is null;

-- Messages to webhooks that have to be sent, and what became of them.
create table alert_deliveries (
  alert_id text primary key references price_alerts (id) on delete cascade,
  status text not null default 'pending' check (status in ('pending', 'delivered', 'failed')),
  attempts integer not null default 0,
  -- Whoever attempts a delivery moves this into the future first, so that nobody else takes it meanwhile.
  next_attempt_at timestamptz not null default current_timestamp,
  last_error text,
  finished_at timestamptz
);

create index alert_deliveries_pending_idx on alert_deliveries (next_attempt_at) where status = 'pending';

-- One row: prices up to this moment have been looked at.
create table alert_evaluation (
  only_row boolean primary key default true check (only_row),
  evaluated_until timestamptz not null
);
insert into alert_evaluation (evaluated_until) values (current_timestamp);

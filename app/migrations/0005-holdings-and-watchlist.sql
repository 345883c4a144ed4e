-- reversible

create table holdings (
  portfolio_id text not null references portfolios (id) on delete cascade,
  symbol text not null,
  quantity numeric(30, 12) not null check (quantity > 0),
  -- US dollars paid a unit, on average; null when the user does not say.
  unit_cost numeric(30, 12) check (unit_cost >= 0),
  updated_at timestamptz not null default current_timestamp,
  primary key (portfolio_id, symbol)
);

-- What was held from when on; 0 from when nothing was. Written together with holdings, and never changed.
create table holding_changes (
  portfolio_id text not null references portfolios (id) on delete cascade,
  symbol text not null,
  changed_at timestamptz not null default clock_timestamp(),
  quantity numeric(30, 12) not null check (quantity >= 0),
  primary key (portfolio_id, symbol, changed_at)
);

create table watchlist (
  user_id text not null references users (id) on delete cascade,
  symbol text not null,
  created_at timestamptz not null default current_timestamp,
  primary key (user_id, symbol)
);

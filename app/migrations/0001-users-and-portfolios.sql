-- reversible

create table users (
  id text primary key,
  email text not null unique,
  password_hash text not null,
  plan text not null default 'free',
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);

create table portfolios (
  id text primary key,
  user_id text not null references users (id) on delete cascade,
  name text not null,
  total_value numeric(20, 2),
  created_at timestamptz not null default current_timestamp,
  updated_at timestamptz not null default current_timestamp
);

create index portfolios_user_id_idx on portfolios (user_id);

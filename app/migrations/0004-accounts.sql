-- reversible

-- The truth about sessions; Redis holds copies of it under session:{id}. The id is the SHA-256 of the token that the
-- client has: whoever reads this table can be nobody.
create table sessions (
  id text primary key,
  user_id text not null references users (id) on delete cascade,
  created_at timestamptz not null default current_timestamp,
  expires_at timestamptz not null,
  -- Set by a logout. The row goes once its copy in Redis is known to be gone.
  ended_at timestamptz
);

create index sessions_user_id_idx on sessions (user_id);
create index sessions_expires_at_idx on sessions (expires_at);
create index sessions_ended_at_idx on sessions (ended_at) where ended_at is not null;

create table api_keys (
  id text primary key,
  user_id text not null references users (id) on delete cascade,
  name text not null,
  -- The first characters, by which a person tells keys apart.
  prefix text not null,
  -- SHA-256: the key has 256 random bits, so that nothing slower is needed.
  hash text not null unique,
  created_at timestamptz not null default current_timestamp
);

create index api_keys_user_id_idx on api_keys (user_id);

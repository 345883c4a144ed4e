-- reversible

-- What a write with an Idempotency-Key was answered with, kept in the write's own transaction: either both are there or
-- neither is. Rows older than a day mean nothing any more and are deleted by the application.
create table idempotency_keys (
  user_id text not null references users (id) on delete cascade,
  key text not null check (length(key) <= 255),
  -- SHA-256 of the method, the path and the body, in hex.
  fingerprint text not null,
  status smallint not null,
  headers jsonb not null,
  body text,
  created_at timestamptz not null default current_timestamp,
  primary key (user_id, key)
);

create index idempotency_keys_created_at_idx on idempotency_keys (created_at);

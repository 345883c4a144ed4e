drop function price_history_prepare (timestamptz, timestamptz);
drop table price_history;

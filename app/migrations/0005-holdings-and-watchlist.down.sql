drop table watchlist;
drop table holding_changes;
drop table holdings;

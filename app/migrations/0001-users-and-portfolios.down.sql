drop table portfolios;
drop table users;

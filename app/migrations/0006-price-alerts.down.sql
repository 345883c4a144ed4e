drop table alert_evaluation;
drop table alert_deliveries;
drop table price_alerts;

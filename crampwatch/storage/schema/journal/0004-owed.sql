-- A push that is being tried is owed until it is known how that ended; what is settled and old is found to be forgotten.
DROP INDEX push_due;
CREATE INDEX push_owed ON push (channel) WHERE state IN ('pending', 'trying');
CREATE INDEX fact_by_age ON fact (seen_at_ms);
CREATE INDEX alert_by_age ON alert (raised_at_ms) WHERE NOT open;

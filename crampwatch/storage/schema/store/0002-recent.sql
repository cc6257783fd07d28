-- What was found lately, whoever ran: asked each time that an alerter is linked anew.
CREATE INDEX finding_by_moment ON finding (at_ms);

-- `since_ms`: the athlete's moment from which an alert stands as it does; what happened before ends nothing.
-- `overdue`: it was only shown, because word of it came too late; while the level stands, a person may still be told.
ALTER TABLE alert ADD COLUMN since_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert ADD COLUMN overdue INTEGER NOT NULL DEFAULT 0;
UPDATE alert SET since_ms = raised_at_ms;

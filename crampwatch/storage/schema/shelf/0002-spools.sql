-- Which rows of each spool of a collector are stored: up to where without a gap, and the spans above the gap. Without
-- a mark the collector says what it has forgotten and sends the rest again.
DROP TABLE watermark;
CREATE TABLE watermark (
  collector TEXT NOT NULL,
  spool TEXT NOT NULL,
  heard_at_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (collector, spool)
) WITHOUT ROWID;

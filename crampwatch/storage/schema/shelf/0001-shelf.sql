-- The newest snapshot of each athlete's machine, by session; at_ms is the last second it has seen.
CREATE TABLE snapshot (
  athlete TEXT NOT NULL,
  session TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (athlete, session)
) WITHOUT ROWID;
-- Which rows of each collector are stored: up to where without a gap, and the spans above the gap.
CREATE TABLE watermark (
  collector TEXT PRIMARY KEY,
  body TEXT NOT NULL
) WITHOUT ROWID;

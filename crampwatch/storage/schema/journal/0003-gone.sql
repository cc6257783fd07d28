-- Services that are down, since when: their last wills are dated when they linked, not when they died.
CREATE TABLE gone (
  service TEXT PRIMARY KEY,
  since_ms INTEGER NOT NULL
) WITHOUT ROWID;

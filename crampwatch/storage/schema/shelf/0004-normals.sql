-- What is usual for each athlete, every version of it: by which session it was made (NULL: somebody reset it) and when
-- that ended; reaches_ms is the last second of all that is in it.
CREATE TABLE personal (
  athlete TEXT NOT NULL,
  version INTEGER NOT NULL,
  session TEXT,
  at_ms INTEGER NOT NULL,
  reaches_ms INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (athlete, version)
) WITHOUT ROWID;
-- Sessions that were learned from, and what came of it; NULL: they taught nothing.
CREATE TABLE lesson (
  athlete TEXT NOT NULL,
  session TEXT NOT NULL,
  version INTEGER,
  PRIMARY KEY (athlete, session)
) WITHOUT ROWID;
-- What was kept before anything was learned stays as it is.
INSERT INTO lesson (athlete, session) SELECT athlete, session FROM snapshot;
-- What each session was told of its athlete when it began; at_ms is the second of its first snapshot.
CREATE TABLE profile (
  athlete TEXT NOT NULL,
  session TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (athlete, session)
) WITHOUT ROWID;
-- What people said of a session: said_at_ms by their clock, at_ms by the athlete's.
CREATE TABLE label (
  athlete TEXT NOT NULL,
  session TEXT NOT NULL,
  said_at_ms INTEGER NOT NULL,
  what TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (athlete, session, said_at_ms, what)
) WITHOUT ROWID;

-- The run list reads only this: it is kept up to date by every record and never counted from the facts.
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  team TEXT NOT NULL,
  athlete TEXT NOT NULL,
  session TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  samples INTEGER NOT NULL DEFAULT 0,
  bpm_sum INTEGER NOT NULL DEFAULT 0,
  bpm_count INTEGER NOT NULL DEFAULT 0,
  spm_sum REAL NOT NULL DEFAULT 0,
  spm_count INTEGER NOT NULL DEFAULT 0,
  worst_rank INTEGER NOT NULL DEFAULT 0,
  findings INTEGER NOT NULL DEFAULT 0,
  alerts INTEGER NOT NULL DEFAULT 0,
  -- How many facts wait in "hot", from which second on, and below which moment a fact may already be in a chunk.
  hot_facts INTEGER NOT NULL DEFAULT 0,
  hot_from_s INTEGER,
  sealed_ms INTEGER NOT NULL DEFAULT 0,
  UNIQUE (team, athlete, session)
);
CREATE INDEX run_newest ON run (started_ms, id);
CREATE INDEX run_newest_of_athlete ON run (athlete, started_ms, id);
CREATE INDEX run_waiting ON run (hot_facts) WHERE hot_facts > 0;

-- A sensor's odometer may start anywhere; the way of a run is what the widest of its odometers moved.
CREATE TABLE odometer (
  run INTEGER NOT NULL,
  device TEXT NOT NULL,
  lowest_m REAL NOT NULL,
  highest_m REAL NOT NULL,
  PRIMARY KEY (run, device)
) WITHOUT ROWID;

-- The last minutes, a row a fact. The second leads the key so that one commit of many runners writes few pages,
-- and a run's rows of a known span are found by one seek a second. a..e: see crampwatch/storage/rows.py.
CREATE TABLE hot (
  second INTEGER NOT NULL,
  run INTEGER NOT NULL,
  device TEXT NOT NULL,
  seq INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  a, b, c, d, e,
  PRIMARY KEY (second, run, device, seq, at_ms)
) WITHOUT ROWID;

-- Five minutes of one kind of fact of one run, as columns. drawn: moments and what pages draw; rest: everything else.
CREATE TABLE chunk (
  run INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  facts INTEGER NOT NULL,
  drawn BLOB NOT NULL,
  rest BLOB NOT NULL,
  PRIMARY KEY (run, bucket, kind)
);

CREATE TABLE finding (
  run INTEGER NOT NULL,
  id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (run, id)
) WITHOUT ROWID;

-- One row an alert: its newest state by (updated_at_ms, state_rank).
CREATE TABLE alert (
  run INTEGER NOT NULL,
  id TEXT NOT NULL,
  raised_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL,
  state_rank INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (run, id)
) WITHOUT ROWID;

CREATE TABLE name (
  athlete TEXT PRIMARY KEY,
  display_name TEXT NOT NULL
) WITHOUT ROWID;

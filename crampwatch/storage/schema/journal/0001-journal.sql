-- Everything the alerter was told, in the words it was told, and what came of it and why. `id` follows from the
-- content, so that what is told twice counts once; what nobody told us (the time, a lost signal) has none.
CREATE TABLE fact (
  seq INTEGER PRIMARY KEY,
  id TEXT UNIQUE,
  athlete TEXT NOT NULL,
  kind TEXT NOT NULL,
  seen_at_ms INTEGER NOT NULL,
  body TEXT NOT NULL,
  reason TEXT NOT NULL
);
CREATE INDEX fact_by_athlete ON fact (athlete, seen_at_ms);

-- Alerts in their latest state. `felt`: at least one audible channel took it, or may have. `due_at_ms`: when the time
-- next changes it.
CREATE TABLE alert (
  id TEXT PRIMARY KEY,
  athlete TEXT NOT NULL,
  slot TEXT NOT NULL,
  flow TEXT NOT NULL,
  level TEXT NOT NULL,
  audible INTEGER NOT NULL,
  asked INTEGER NOT NULL,
  felt INTEGER NOT NULL DEFAULT 0,
  raised_at_ms INTEGER NOT NULL,
  deadline_at_ms INTEGER NOT NULL,
  ends_at_ms INTEGER,
  due_at_ms INTEGER,
  temperature_c REAL,
  open INTEGER NOT NULL,
  body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX alert_open ON alert (athlete) WHERE open;
CREATE INDEX alert_due ON alert (athlete, due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX alert_pushed ON alert (athlete, raised_at_ms) WHERE audible;

-- One push of an alert by one channel, in its latest state.
CREATE TABLE push (
  alert TEXT NOT NULL REFERENCES alert (id),
  channel TEXT NOT NULL,
  audible INTEGER NOT NULL,
  state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  updated_at_ms INTEGER NOT NULL,
  detail TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (alert, channel)
) WITHOUT ROWID;
CREATE INDEX push_due ON push (channel) WHERE state = 'pending';

-- States of alerts on their way out, in order: to the bus and to the store, each at its own pace.
CREATE TABLE change (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  athlete TEXT NOT NULL,
  slot TEXT NOT NULL,
  body TEXT NOT NULL,
  published INTEGER NOT NULL DEFAULT 0,
  recorded INTEGER NOT NULL DEFAULT 0
);

-- What somebody's answer silences, and until when.
CREATE TABLE hush (
  athlete TEXT NOT NULL,
  level TEXT NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (athlete, level)
) WITHOUT ROWID;

-- The run an athlete is in, and until when sudden stops are expected.
CREATE TABLE athlete (
  id TEXT PRIMARY KEY,
  session TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL,
  paused_until_ms INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

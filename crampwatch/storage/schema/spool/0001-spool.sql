-- Messages that the processor has not yet said to have stored, in the order they were taken.
CREATE TABLE outbox (
  row INTEGER PRIMARY KEY,
  athlete TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  payload BLOB NOT NULL
);
-- The highest row that was forgotten: rows go on from there when the outbox is empty. One line.
CREATE TABLE head (
  id INTEGER PRIMARY KEY CHECK (id = 0),
  forgotten INTEGER NOT NULL
);
INSERT INTO head VALUES (0, -1);
-- What the collector needs to go on after a restart: sessions, sequences, cadence units, pairing.
CREATE TABLE state (
  key TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

-- Lines on their way to a database that may be away, in blocks, in the order they were recorded. `body` is gzip, so
-- that blocks go out as they lie here; what was delivered is deleted. `crc` is that of `body`: a server that cannot
-- unpack one answers like a server in trouble, for ever.
CREATE TABLE block (
  row INTEGER PRIMARY KEY AUTOINCREMENT,
  bucket TEXT NOT NULL,
  points INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX block_by_bucket ON block (bucket, row);

-- Lines that will not be taken as they are, and why; they stay until somebody drops or retries them.
CREATE TABLE dead (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  bucket TEXT NOT NULL,
  reason TEXT NOT NULL,
  message TEXT NOT NULL,
  points INTEGER NOT NULL,
  first_line TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  crc INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;

-- What holds the delivery up at present, for whoever looks from outside: by bucket, '' for all of them.
CREATE TABLE trouble (
  bucket TEXT PRIMARY KEY,
  since_ms INTEGER NOT NULL,
  message TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How much there is for each bucket, kept up to date by every change: a deep queue is not counted to be told.
CREATE TABLE lane (
  bucket TEXT PRIMARY KEY,
  blocks INTEGER NOT NULL,
  points INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  dead INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER block_came AFTER INSERT ON block BEGIN
  INSERT INTO lane VALUES (new.bucket, 1, new.points, length(new.body), 0) ON CONFLICT (bucket) DO UPDATE
  SET blocks = blocks + 1, points = points + excluded.points, bytes = bytes + excluded.bytes;
END;

CREATE TRIGGER block_went AFTER DELETE ON block BEGIN
  UPDATE lane SET blocks = blocks - 1, points = points - old.points, bytes = bytes - length(old.body)
  WHERE bucket = old.bucket;
END;

CREATE TRIGGER dead_came AFTER INSERT ON dead BEGIN
  INSERT INTO lane VALUES (new.bucket, 0, 0, 0, new.points) ON CONFLICT (bucket) DO UPDATE
  SET dead = dead + excluded.dead;
END;

CREATE TRIGGER dead_went AFTER DELETE ON dead BEGIN
  UPDATE lane SET dead = dead - old.points WHERE bucket = old.bucket;
END;

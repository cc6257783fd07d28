-- Sessions that got backlog after their machine had passed it, from when to when: the machine is to be made anew.
CREATE TABLE gap (
  athlete TEXT NOT NULL,
  session TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  PRIMARY KEY (athlete, session)
) WITHOUT ROWID;

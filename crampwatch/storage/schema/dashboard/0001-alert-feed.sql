-- Every state of every alert that the pages were told of, numbered: the row is the id of a server-sent event, so a
-- page that comes back says which was the last it saw.
CREATE TABLE alert_feed (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    team TEXT NOT NULL,
    athlete TEXT NOT NULL,
    alert TEXT NOT NULL,
    state TEXT NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (team, alert, updated_at_ms, state)
) STRICT;

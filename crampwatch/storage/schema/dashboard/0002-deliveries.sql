-- Pushes are numbered with the states of alerts, in one sequence: a page that comes back says one number. `event` is
-- the name of the server-sent event, `mark` what makes two of a kind the same.
CREATE TABLE feed (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    team TEXT NOT NULL,
    athlete TEXT NOT NULL,
    event TEXT NOT NULL,
    mark TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (team, event, mark)
) STRICT;

INSERT INTO feed (row, team, athlete, event, mark, body)
SELECT row, team, athlete, 'alert', alert || '/' || updated_at_ms || '/' || state, body FROM alert_feed;

DROP TABLE alert_feed;
